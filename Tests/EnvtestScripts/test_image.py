"""The operator's image, as scripts/image assembles it: the same each time, whole, and good for real tools.

Made from the debug program here; needs skopeo. As root it is run under runc too. MODELAPP_TEST_REGISTRY: it is pushed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "node"))
sys.dont_write_bytecode = True

PROGRAM = ROOT / ".build/debug/modelapp"
REGISTRY = os.environ.get("MODELAPP_TEST_REGISTRY", "")
IS_ROOT = os.geteuid() == 0


def assemble(output: Path, epoch: int = 1_700_000_000, **options: Any) -> str:
    """Makes the image, and returns its digest."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/image", "--binary", PROGRAM, "--output", output, "--tag", "test"],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}, check=True, capture_output=True, text=True, **options)
    return done.stdout.splitlines()[-1]


def unpacked(layout: Path, root: Path) -> dict[str, Any]:
    """Applies the layers of the only image in a layout to a folder; returns the image's configuration."""
    def blob(digest: str) -> Path:
        return layout / "blobs/sha256" / digest.removeprefix("sha256:")

    index = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_bytes())
    for layer in manifest["layers"]:
        subprocess.run([sys.executable, ROOT / "scripts/node/unpack.py", blob(layer["digest"]), root], check=True)
    config: dict[str, Any] = json.loads(blob(manifest["config"]["digest"]).read_bytes())
    return config


@unittest.skipUnless(PROGRAM.exists() and shutil.which("skopeo"), "no program is built, or skopeo is missing")
class OperatorImage(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.folder.chmod(0o755)
        cls.layout = cls.folder / "image"
        cls.digest = assemble(cls.layout)

    def inspect(self, *options: str) -> dict[str, Any]:
        done = subprocess.run(["skopeo", "inspect", *options, f"oci:{self.layout}:test"], check=True, capture_output=True)
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def test_the_same_files_make_the_same_image(self) -> None:
        again = assemble(self.folder / "again", umask=0o077, cwd="/")
        self.assertEqual(again, self.digest)
        for path in self.layout.rglob("*"):
            if path.is_file():
                twin = self.folder / "again" / path.relative_to(self.layout)
                self.assertEqual(twin.read_bytes(), path.read_bytes(), path.name)

    def test_tools_read_it(self) -> None:
        seen = self.inspect()
        self.assertEqual(seen["Digest"], self.digest)
        self.assertEqual((seen["Os"], len(seen["Layers"])), ("linux", 2))
        self.assertEqual(seen["Created"], "2023-11-14T22:13:20Z")
        self.assertEqual(seen["Labels"]["org.opencontainers.image.title"], "modelapp")
        config = self.inspect("--config")["config"]
        self.assertEqual((config["Entrypoint"], config["User"]), (["/usr/bin/modelapp"], "65532:65532"))

    @unittest.skipUnless(REGISTRY, "no MODELAPP_TEST_REGISTRY: run by scripts/test")
    def test_a_registry_takes_it_unchanged(self) -> None:
        target = f"docker://{REGISTRY}/image-test/modelapp:test"
        subprocess.run(["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
                        f"oci:{self.layout}:test", target], check=True)
        done = subprocess.run(["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", target], check=True,
                              capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), self.digest)

    def test_what_is_no_image_is_not_replaced(self) -> None:
        other = self.folder / "other"
        other.mkdir()
        with self.assertRaises(subprocess.CalledProcessError) as refusal:
            assemble(other)
        self.assertIn("is no image layout", refusal.exception.stderr)
        self.assertTrue(other.is_dir())

    @unittest.skipUnless(IS_ROOT and shutil.which("runc"), "containers are run by root, with runc")
    def test_it_runs_as_nobody_without_a_shell_on_a_read_only_root(self) -> None:
        bundle = self.folder / "bundle"
        root = bundle / "rootfs"
        root.mkdir(parents=True)
        config = unpacked(self.layout, root)
        files = [path for path in root.rglob("*") if not path.is_symlink()]
        self.assertEqual([str(path) for path in files if path.stat().st_mode & 0o6000], [])
        self.assertEqual([str(path) for path in files if path.stat().st_uid], [])
        self.assertEqual(sorted(path.name for path in (root / "usr/bin").iterdir()), ["modelapp"])
        self.assertEqual([str(link) for link in root.rglob("*") if link.is_symlink() and not self.leads(root, link)], [])
        self.assertTrue((root / "usr/share/zoneinfo/Europe/Berlin").read_bytes().startswith(b"TZif"))
        self.assertIn("BEGIN CERTIFICATE", (root / "etc/ssl/certs/ca-certificates.crt").read_text())
        version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(self.run_container(bundle, config, "--version"), version)
        self.assertIn("kind: CustomResourceDefinition", self.run_container(bundle, config, "crd"))

    @staticmethod
    def leads(root: Path, link: Path) -> bool:
        target = Path(os.readlink(link))
        return (link.parent / target).exists() and not target.is_absolute()

    def run_container(self, bundle: Path, config: dict[str, Any], *arguments: str) -> str:
        uid, gid = map(int, config["config"]["User"].split(":"))
        (bundle / "config.json").write_text(json.dumps({
            "ociVersion": "1.0.2", "root": {"path": "rootfs", "readonly": True},
            "process": {"args": config["config"]["Entrypoint"] + list(arguments), "cwd": "/",
                        "env": config["config"]["Env"], "user": {"uid": uid, "gid": gid}, "noNewPrivileges": True},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")]},
        }))
        done = subprocess.run(["runc", "--root", self.folder / "runc", "run", "--bundle", bundle, "image-test"],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


if __name__ == "__main__":
    unittest.main(verbosity=2)
