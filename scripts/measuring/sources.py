"""The registry and the store that ModelApps of a fleet share."""
import hashlib
import json
import os
import subprocess
import sys

import requests

from .process import wait_until

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def free_port():
    return subprocess.run([f"{HERE}/free-ports", "1"], check=True, capture_output=True, text=True).stdout.strip()


def answers(url):
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


class Registry:
    """Debian's docker-registry."""

    def __init__(self, processes):
        self.host = f"127.0.0.1:{free_port()}"
        path = os.path.join(processes.folder, "registry.yml")
        storage = os.path.join(processes.folder, "registry")
        with open(path, "w") as file:
            # JSON is YAML.
            json.dump(
                {
                    "version": 0.1,
                    "log": {"level": "error"},
                    "storage": {"filesystem": {"rootdirectory": storage}},
                    "http": {"addr": self.host},
                },
                file,
            )
        processes.start("registry", ["docker-registry", "serve", path])
        wait_until(lambda: answers(f"http://{self.host}/v2/"), 30, "the registry")

    def push(self, repository, tag):
        """Pushes an image with one layer; returns its digest."""
        base = f"http://{self.host}/v2/{repository}"

        def blob(content):
            digest = "sha256:" + hashlib.sha256(content).hexdigest()
            if requests.head(f"{base}/blobs/{digest}", timeout=10).status_code != 200:
                place = requests.post(f"{base}/blobs/uploads/", timeout=10).headers["Location"]
                separator = "&" if "?" in place else "?"
                requests.put(f"{place}{separator}digest={digest}", data=content, timeout=10).raise_for_status()
            return {"size": len(content), "digest": digest}

        layer = bytes(1024)
        image = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"build": tag}},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        }
        kind = "application/vnd.oci.image"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", **blob(json.dumps(image).encode())},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar", **blob(layer)}],
        }
        answer = requests.put(
            f"{base}/manifests/{tag}",
            data=json.dumps(manifest),
            headers={"Content-Type": manifest["mediaType"]},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.headers["Docker-Content-Digest"]


class S3:
    """moto, with one bucket called models."""

    def __init__(self, processes):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = os.path.join(os.path.dirname(sys.executable), "moto_server")
        processes.start("s3", [program, "-H", "127.0.0.1", "-p", port])
        wait_until(lambda: answers(f"{self.url}/moto-api/"), 30, "the S3 server")
        requests.put(f"{self.url}/models", timeout=10).raise_for_status()

    def upload(self, prefix, version):
        """Uploads one version of a model, its marker last."""
        for name in ("weights.onnx", "labels.txt", "_SUCCESS"):
            content = f"{prefix}-{version}-{name}"
            requests.put(f"{self.url}/models/{prefix}/{version}/{name}", data=content, timeout=10).raise_for_status()
