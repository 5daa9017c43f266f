"""`modelapp package`, the program, against a real registry and a real S3 server: what comes out is an image to everybody,
and what is killed in its middle leaves nothing that looks like one.

Needs MODELAPP_TEST_REGISTRY, MODELAPP_TEST_S3 and boto3, which scripts/test provides, and skopeo. umoci, and oras and cosign
where they are on the PATH, look at the image too; as root it is run under runc.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import image  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from test_image import unpacked  # noqa: E402

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".build/debug/modelapp"
REGISTRY = os.environ.get("MODELAPP_TEST_REGISTRY", "")
S3 = os.environ.get("MODELAPP_TEST_S3", "")
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "HOME": "/nonexistent",
               "PATH": os.environ["PATH"]}
IS_ROOT = os.geteuid() == 0
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# How often an upload is killed.
KILLS = 20


def free_port() -> int:
    return int(subprocess.run([ROOT / "scripts/free-ports", "1"], check=True, capture_output=True, text=True).stdout)


@unittest.skipUnless(REGISTRY and S3 and shutil.which("skopeo"), "no registry and S3 server: run by scripts/test")
class Package(unittest.TestCase):
    """One application and one model for all tests; each has repositories of its own."""

    # Three chunks of an upload, a name that no field of a tar holds, one beyond ASCII, a folder, nothing at all.
    MODEL = {"weights.bin": random.Random(7).randbytes(18_000_003), f"labels/{'l' * 120}.txt": b"cat\ndog\n",
             "größe.txt": "ä".encode(), "empty": b""}

    @classmethod
    def setUpClass(cls) -> None:
        import boto3
        from botocore.config import Config

        cls.name = f"package-{uuid.uuid4().hex[:8]}"
        s3: Any = boto3.client(
            "s3", endpoint_url=S3, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
            aws_access_key_id="testing", aws_secret_access_key="testing")
        s3.create_bucket(Bucket=cls.name)
        for name, content in cls.MODEL.items():
            s3.put_object(Bucket=cls.name, Key=f"resnet/1/{name}", Body=content)
        cls.busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
        cls.layer = image.layer({"bin/busybox": cls.busybox, "bin/sh": "busybox", "bin/httpd": "busybox",
                                 "app/code.txt": b"build 1\n", "tmp/.keep": b""})
        cls.push_application(REGISTRY)

    @classmethod
    def push_application(cls, registry: str) -> None:
        # Serves its model, wherever that lies.
        image.push(registry, f"{cls.name}/app", "1", [cls.layer],
                   {"Cmd": ["/bin/sh", "-c", "exec httpd -f -p 127.0.0.1:$PORT -h $MODEL_PATH"], "Env": ["PATH=/bin"]})

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o755)

    def command(self, repository: str, *more: str, registry: str = REGISTRY) -> list[str]:
        return [str(PROGRAM), "package", "--image", f"{registry}/{self.name}/app:1", "--model",
                f"s3://{self.name}/resnet/1/", "--endpoint", S3, "--region", "us-east-1",
                "--to", f"{registry}/{self.name}/{repository}:1", "--plain-http", registry, *more]

    def package(self, repository: str, *more: str, registry: str = REGISTRY, **environment: str) -> str:
        """Returns the digest."""
        done = subprocess.run(self.command(repository, *more, registry=registry), env={**ENVIRONMENT, **environment},
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip().rpartition("@")[2]

    def get(self, repository: str, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(f"http://{REGISTRY}/v2/{self.name}/{repository}/{path}", headers={"Accept": MANIFEST})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""

    def assert_holds_both_halves(self, root: Path) -> None:
        """The application's files and the model's, byte for byte."""
        for name, content in self.MODEL.items():
            self.assertEqual((root / "models" / name).read_bytes(), content, name)
        found = {str(path.relative_to(root / "models")) for path in (root / "models").rglob("*") if path.is_file()}
        self.assertEqual(found, {*self.MODEL})
        self.assertEqual((root / "bin/busybox").read_bytes(), self.busybox)
        self.assertEqual((root / "app/code.txt").read_bytes(), b"build 1\n")
        self.assertEqual(os.readlink(root / "bin/sh"), "busybox")

    def layout(self, repository: str, digest: str) -> Path:
        """The image as skopeo pulls it; without the option it would compress layers, and the digest be another."""
        layout = self.folder / "layout"
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--preserve-digests", "--src-tls-verify=false",
                        f"docker://{REGISTRY}/{self.name}/{repository}@{digest}", f"oci:{layout}:1"], check=True)
        return layout

    def test_tools_that_nobody_here_wrote_take_it_for_an_image(self) -> None:
        digest = self.package("tools")
        layout = self.layout("tools", digest)
        index = json.loads((layout / "index.json").read_bytes())
        self.assertEqual(index["manifests"][0]["digest"], digest, "skopeo would have to convert it")
        root = self.folder / "root"
        root.mkdir()
        if IS_ROOT:
            unpacked(layout, root)
            self.assert_holds_both_halves(root)
        if shutil.which("umoci"):
            bundle = self.folder / "bundle"
            rootless = [] if IS_ROOT else ["--rootless"]
            subprocess.run(["umoci", "unpack", *rootless, "--image", f"{layout}:1", bundle], check=True, capture_output=True)
            self.assert_holds_both_halves(bundle / "rootfs")
        if shutil.which("oras"):
            reference = f"{REGISTRY}/{self.name}/tools"
            copied = self.folder / "copied"
            subprocess.run(["oras", "copy", "--from-plain-http", f"{reference}:1", "--to-oci-layout", f"{copied}:1"],
                           check=True, capture_output=True)
            self.assertEqual({path.name for path in (copied / "blobs/sha256").iterdir()},
                             {path.name for path in (layout / "blobs/sha256").iterdir()})
            tags = subprocess.run(["oras", "repo", "tags", "--plain-http", reference], check=True, capture_output=True, text=True)
            kept = next(tag for tag in tags.stdout.split() if tag.startswith("m-"))
            artifact = subprocess.run(["oras", "manifest", "fetch", "--plain-http", f"{reference}:{kept}"], check=True,
                                      capture_output=True)
            self.assertEqual(json.loads(artifact.stdout)["artifactType"], "application/vnd.modelapp.model.layer.v1")

    @unittest.skipUnless(IS_ROOT and shutil.which("runc"), "containers are run by root, with runc")
    def test_run_by_runc_it_serves_the_model(self) -> None:
        layout = self.layout("run", self.package("run"))
        bundle = self.folder / "bundle"
        (bundle / "rootfs").mkdir(parents=True)
        config = unpacked(layout, bundle / "rootfs")["config"]
        self.assertIn("MODEL_PATH=/models", config["Env"])
        port, container = free_port(), self.name
        # The network of this machine, so that the test can ask it; everything else of its own.
        (bundle / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2", "root": {"path": "rootfs", "readonly": True},
            "process": {"args": config["Cmd"], "cwd": "/", "env": [*config["Env"], f"PORT={port}"],
                        "user": {"uid": 65532, "gid": 65532}, "noNewPrivileges": True},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
        }))
        runc = ["runc", "--root", str(self.folder / "runc")]
        process = subprocess.Popen([*runc, "run", "--bundle", bundle, container], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.communicate)
        self.addCleanup(subprocess.run, [*runc, "delete", "--force", container], capture_output=True)
        deadline, served = time.monotonic() + 30, None
        while served is None and process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/weights.bin", timeout=30) as answer:
                    served = answer.read()
            except urllib.error.URLError:
                time.sleep(0.05)
        self.assertEqual(served, self.MODEL["weights.bin"])

    def test_killed_anywhere_it_leaves_no_tag_and_the_next_run_ends_the_same(self) -> None:
        digest = self.package("whole")
        with Forwarder(REGISTRY) as line:
            # The same over the forwarder: its address is no part of an image.
            self.assertEqual(self.package("counted", registry=line.address), digest)
            total = line.received
        self.assertGreater(total, len(self.MODEL["weights.bin"]))
        # Within the last manifest: tokens of uploads are a few bytes longer or shorter each time.
        last = total - 300
        places = random.Random(20_261_127)
        kept_layers = 0
        for number in range(KILLS):
            # A third of them in the last requests, where the names are.
            place = places.randrange(total - 6_000, last) if number % 3 == 0 else places.randrange(1, last)
            with self.subTest(place=place, of=total), Forwarder(REGISTRY, stop_after=place) as line:
                repository = f"killed-{number}"
                process = subprocess.Popen(self.command(repository, registry=line.address), env=ENVIRONMENT,
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                self.assertTrue(line.stopped.wait(60), "that many bytes were never sent")
                process.kill()
                self.assertEqual(process.communicate(timeout=30)[0], "", "it had said that it was done")
                line.stop_after = None
                kept_layers += self.assert_nothing_half(repository)
            self.assertEqual(self.package(repository), digest)
            self.assertEqual(self.get(repository, f"manifests/{digest}")[0], 200)
        print(f"killed at {KILLS} places of {total} bytes: every next run ended with the same digest; the model's layer was "
              f"there already in {kept_layers}", file=sys.stderr)

    def assert_nothing_half(self, repository: str) -> bool:
        """No tag of an image, and whatever has a tag is whole; whether the model's layer is there."""
        self.assertEqual(self.get(repository, "manifests/1")[0], 404)
        status, listed = self.get(repository, "tags/list")
        tags = (json.loads(listed).get("tags") or []) if status == 200 else []
        self.assertTrue(all(tag.startswith("m-") for tag in tags), tags)
        for tag in tags:
            manifest = json.loads(self.get(repository, f"manifests/{tag}")[1])
            for part in [manifest["config"], *manifest["layers"]]:
                status, content = self.get(repository, f"blobs/{part['digest']}")
                self.assertEqual((status, len(content)), (200, part["size"]))
                self.assertEqual("sha256:" + hashlib.sha256(content).hexdigest(), part["digest"])
        return bool(tags)

    def test_a_signed_image_is_accepted_by_us_and_by_cosign(self) -> None:
        keys = ROOT / "Tests/Fixtures/signatures"
        digest = self.package("signed", "--sign-key", str(keys / "signing.key"), COSIGN_PASSWORD="fixture")
        self.assertEqual(digest, self.package("unsigned"), "a signature is no part of an image")
        reference = f"{REGISTRY}/{self.name}/signed@{digest}"
        for key, status in (("signing.pub", 0), ("cosign.pub", 1)):
            done = subprocess.run([PROGRAM, "verify", reference, "--key", keys / key, "--plain-http", "--allow-endpoint",
                                   REGISTRY.rpartition(":")[0]], env=ENVIRONMENT, capture_output=True, text=True)
            self.assertEqual(done.returncode, status, done.stderr)
        # A second time nothing is added.
        before = self.get("signed", f"manifests/{digest.replace(':', '-')}.sig")[1]
        self.package("signed", "--sign-key", str(keys / "signing.key"), COSIGN_PASSWORD="fixture")
        self.assertEqual(self.get("signed", f"manifests/{digest.replace(':', '-')}.sig")[1], before)
        if cosign := shutil.which("cosign"):
            for key, passes in (("signing.pub", True), ("cosign.pub", False)):
                done = subprocess.run([cosign, "verify", "--key", keys / key, "--insecure-ignore-tlog=true",
                                       "--allow-http-registry", reference], env={**ENVIRONMENT, "HOME": str(self.folder)},
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode == 0, passes, done.stderr)
        wrong = subprocess.run(self.command("wrong", "--sign-key", str(keys / "signing.key")),
                               env={**ENVIRONMENT, "COSIGN_PASSWORD": "other"}, capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("the password does not open the private key", wrong.stderr)
        self.assertEqual(self.get("wrong", "tags/list")[0], 404, "nothing was pushed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
