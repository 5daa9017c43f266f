"""One image of code and model, by `modelapp package` and in the way of `docker build`: pull all, add a layer, push all.

    python3 -m measuring.docker_style MODELAPP MEGABYTES    prints one line of JSON; runs in a network of its own

Both ways start on a machine that has nothing, as a job of a CI does, with the same registry (Debian's), the same image and
the same model. The loopback of a network namespace counts every byte that moves, to whomever. Needs skopeo, curl, tar,
docker-registry, and root or user namespaces.
"""
import fcntl
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

from .process import Processes, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
# The application: what its build has in common with the last one, and what is new each time.
BASE_BYTES, CODE_BYTES = 96 << 20, 4 << 20


def measure(binary, megabytes=1024):
    """The three releases of a day, each by both ways: seconds and bytes. Raises where a tool is missing."""
    for tool in ("skopeo", "curl", "tar", "docker-registry", "unshare"):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing: scripts/install-dependencies test")
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", "--net", *mapped, sys.executable, "-m", "measuring.docker_style", binary, str(megabytes)],
        cwd=f"{ROOT}/scripts", check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def raise_loopback():
    """A new network has a loopback that is down (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh22x", b"lo", up))  # SIOCSIFFLAGS


def bytes_moved():
    with open("/proc/net/dev") as file:
        line = next(line for line in file if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[0])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except OSError:
        return False


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def noise(count, seed):
    """Bytes that no compression makes smaller, as weights are; the same each time."""
    return hashlib.shake_128(seed.encode()).digest(count)


class Comparison:
    def __init__(self, binary, megabytes, folder):
        self.binary, self.bytes, self.folder = binary, megabytes << 20, folder
        self.registry = f"127.0.0.1:{free_port()}"
        self.processes = Processes(folder)

    def run(self):
        try:
            self.start()
            return self.releases()
        finally:
            self.processes.end()

    def start(self):
        config = os.path.join(self.folder, "registry.yml")
        with open(config, "w") as file:
            file.write(f"version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '{self.registry}'}}\n"
                       f"storage: {{filesystem: {{rootdirectory: {self.folder}/registry}}}}\n")
        self.processes.start("registry", ["docker-registry", "serve", config])
        wait_until(lambda: answers(f"http://{self.registry}/v2/"), 20, "the registry")
        # The store of the demo, whose blobs are files. Its own ModelApp rests, so that nothing else moves.
        resting = os.path.join(self.folder, "resting.yaml")
        with open(f"{ROOT}/manifests/examples/tutorial.yaml") as source, open(resting, "w") as file:
            file.write(source.read().replace("\nspec:\n", "\nspec:\n  suspend: true\n"))
        demo = self.processes.start("demo", [self.binary, "demo", "--keep", "--output", "json", "--manifest", resting],
                                    {**os.environ, "TMPDIR": self.folder})
        wait_until(lambda: os.path.getsize(demo.log) > 0, 60, "the blob store")
        with open(demo.log) as file:
            places = json.loads(file.readline())
        self.blob, self.key = places["blob"], places["blob"]["key"]
        self.blobs = os.path.join(os.path.dirname(places["kubeconfig"]), "blobs", "models")
        port = free_port()
        self.files = f"http://127.0.0.1:{port}"
        self.processes.start("files", [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory",
                                       self.folder, str(port)])
        wait_until(lambda: answers(self.files), 20, "the file server")

    def releases(self):
        self.push_application("1")
        self.push_application("2")
        self.upload_model("1")
        self.upload_model("2")
        found = {"modelBytes": self.bytes, "applicationBytes": BASE_BYTES + CODE_BYTES}
        for name, code, model in (("first", "1", "1"), ("code", "2", "1"), ("model", "2", "2")):
            found[name] = {}
            for way, act in (("ours", self.package), ("docker", self.docker)):
                start, before = time.monotonic(), bytes_moved()
                act(code, model, f"{code}-{model}")
                found[name][way] = {"seconds": time.monotonic() - start, "bytes": bytes_moved() - before}
        return found

    # The two halves

    def model(self, version):
        return os.path.join(self.blobs, "resnet", version, "weights.bin")

    def upload_model(self, version):
        os.makedirs(os.path.dirname(self.model(version)))
        with open(self.model(version), "wb") as file:
            for part in range(self.bytes >> 20):
                file.write(noise(1 << 20, f"model {version} {part}"))

    def push_application(self, build):
        layers = [noise(BASE_BYTES, "base"), noise(CODE_BYTES, f"code {build}")]
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
            "type": "layers", "diff_ids": [sha256(layer) for layer in layers]}}).encode()
        for blob in [*layers, config]:
            self.push_blob(blob)
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
                               "layers": [descriptor(LAYER, layer) for layer in layers]}).encode()
        self.put(f"http://{self.registry}/v2/app/manifests/{build}", manifest, MANIFEST)

    def push_blob(self, content):
        start = urllib.request.Request(f"http://{self.registry}/v2/app/blobs/uploads/", b"", method="POST")
        location = urllib.request.urlopen(start, timeout=60).headers["Location"]
        self.put(f"{location}{'&' if '?' in location else '?'}digest={sha256(content)}", content, "application/octet-stream")

    @staticmethod
    def put(url, content, kind):
        request = urllib.request.Request(url, content, {"Content-Type": kind}, method="PUT")
        urllib.request.urlopen(request, timeout=600).close()

    # The two ways

    def package(self, code, model, tag):
        source = {"azureBlob": {"account": self.blob["account"], "container": "models", "prefix": "resnet/",
                                "endpoint": self.blob["url"]}}
        self.do(self.binary, "package", "--image", f"{self.registry}/app:{code}", "--model", json.dumps(source),
                "--model-version", model, "--to", f"{self.registry}/ours:{tag}", "--plain-http", self.registry,
                AZURE_STORAGE_KEY=self.key)

    def docker(self, code, model, tag):
        with tempfile.TemporaryDirectory(dir=self.folder) as work:
            layout, root = f"{work}/image", f"{work}/root"
            self.do("skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false",
                    f"docker://{self.registry}/app:{code}", f"oci:{layout}:1")
            os.makedirs(f"{root}/models")
            path = os.path.relpath(self.model(model), self.folder)
            self.do("curl", "-sSf", "-o", f"{root}/models/weights.bin", f"{self.files}/{path}")
            self.do("tar", "-cf", f"{work}/layer.tar", "-C", root, "models")
            self.add_layer(layout, f"{work}/layer.tar")
            self.do("skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}:1",
                    f"docker://{self.registry}/docker:{tag}")

    @staticmethod
    def add_layer(layout, file):
        with open(file, "rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = os.path.getsize(file)
        blobs = f"{layout}/blobs/sha256"
        os.rename(file, f"{blobs}/{digest}")

        def read(digest):
            with open(f"{blobs}/{digest[7:]}") as source:
                return json.load(source)

        def written(document):
            content = json.dumps(document).encode()
            with open(f"{blobs}/{sha256(content)[7:]}", "wb") as target:
                target.write(content)
            return {"digest": sha256(content), "size": len(content)}

        with open(f"{layout}/index.json") as source:
            index = json.load(source)
        entry = index["manifests"][0]
        manifest = read(entry["digest"])
        config = read(manifest["config"]["digest"])
        config["rootfs"]["diff_ids"].append(f"sha256:{digest}")
        manifest["config"].update(written(config))
        manifest["layers"].append({"mediaType": LAYER, "digest": f"sha256:{digest}", "size": size})
        entry.update(written(manifest))
        with open(f"{layout}/index.json", "w") as target:
            json.dump(index, target)

    @staticmethod
    def do(*command, **environment):
        done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{command[0]}: {done.stderr[-2000:]}")


def descriptor(kind, content):
    return {"mediaType": kind, "digest": sha256(content), "size": len(content)}


def main():
    binary, megabytes = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    raise_loopback()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(Comparison(binary, megabytes, folder).run()))


if __name__ == "__main__":
    main()
