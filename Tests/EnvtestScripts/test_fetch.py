"""`modelapp fetch`, the program, against a real S3 server, over real connections and on real file systems.

Needs MODELAPP_TEST_S3 (moto) and boto3; scripts/test provides both.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from forwarder import Forwarder  # noqa: E402

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".build/debug/modelapp"
S3 = os.environ.get("MODELAPP_TEST_S3", "")
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
IS_ROOT = os.geteuid() == 0


def certificate(folder: Path, host: str) -> tuple[str, str]:
    """A certificate that signs itself for an address, and its key."""
    files = str(folder / "ca.crt"), str(folder / "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=store", "-addext", f"subjectAltName=IP:{host}",
                    "-keyout", files[1], "-out", files[0]], check=True, capture_output=True)
    return files


@unittest.skipUnless(S3, "no MODELAPP_TEST_S3: run by scripts/test")
class Fetch(unittest.TestCase):
    FILES = {"weights.bin": os.urandom(700_000), "labels/en.txt": b"cat\ndog\n", "empty": b""}

    @classmethod
    def setUpClass(cls) -> None:
        import boto3
        from botocore.config import Config

        cls.bucket = f"fetch-{uuid.uuid4().hex[:8]}"
        cls.client: Any = boto3.client(
            "s3", endpoint_url=S3, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
            aws_access_key_id="testing", aws_secret_access_key="testing")
        cls.client.create_bucket(Bucket=cls.bucket)
        for name, content in cls.FILES.items():
            cls.client.put_object(Bucket=cls.bucket, Key=f"resnet/1/{name}", Body=content, ChecksumAlgorithm="SHA256")
        cls.digest = cls.digest_of("1")

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = self.folder / "model"

    @classmethod
    def command(cls, to: Path, version: str = "1", digest: str = "", endpoint: str = S3, tls: Any = None,
                *more: str) -> list[str]:
        source = {"s3": {"bucket": cls.bucket, "prefix": "resnet/", "endpoint": endpoint}, **({"tls": tls} if tls else {})}
        return [str(PROGRAM), "fetch", "--source", json.dumps(source), "--model-version", version, "--digest",
                digest or cls.digest, "--to", str(to), *more]

    @classmethod
    def digest_of(cls, version: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(cls.command(Path(folder) / "model", version, "sha256:unknown"), env=KEYS,
                                  capture_output=True, text=True)
        found = re.search(r"the store holds (\S+) under", done.stderr)
        assert found, done.stderr
        return found[1]

    def fetch(self, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(self.model, *arguments), env=KEYS, capture_output=True, text=True,
                              timeout=120, **options)

    def contents(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.model)): path.read_bytes() for path in self.model.rglob("*") if path.is_file()}

    def assert_whole(self) -> None:
        self.assertEqual(self.contents(), self.FILES)
        self.assertEqual(sorted(os.listdir(self.folder)), [".model.modelapp.json", "model"])

    def test_what_amazons_client_stored_arrives(self) -> None:
        done = self.fetch()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_whole()
        self.assertIn("fetching 1: 3 files, 683.6 KiB\n", done.stdout)
        self.assertIn("(100 %)", done.stdout)
        self.assertNotIn("\r", done.stdout)

    def test_connections_that_are_cut_again_and_again_are_continued(self) -> None:
        for cut in (9_001, 200_003):
            with self.subTest(cut=cut), Forwarder(S3.removeprefix("http://"), cut_after=cut) as line:
                self.model = self.folder / str(cut) / "model"
                # With so many cuts the pauses in between are most of the time: a second each.
                done = self.fetch("1", "", f"http://{line.address}") if cut > 60_000 else self.first_cuts(line)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.contents(), self.FILES)
                self.assertGreater(line.connections, 2)
                self.assertLess(line.sent, 700_000 * 1.3 + cut, "what had arrived was not read again")

    def first_cuts(self, line: Forwarder) -> subprocess.CompletedProcess[str]:
        """Lets go after a few cuts."""
        process = subprocess.Popen(self.command(self.model, "1", "", f"http://{line.address}"), env=KEYS,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while line.connections < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        line.cut_after = None
        out, error = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)

    def interrupted(self, prefix: list[str], number: signal.Signals) -> tuple[int, str, int]:
        """Ends a slow fetch in its middle; the exit status, the last words, and the bytes that had arrived."""
        with Forwarder(S3.removeprefix("http://"), rate=200_000) as line:
            process = subprocess.Popen(prefix + self.command(self.model, "1", "", f"http://{line.address}"), env=KEYS,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            deadline = time.monotonic() + 30
            while line.sent < 250_000 and time.monotonic() < deadline:
                time.sleep(0.02)
            target = process.pid
            if prefix:  # the program is the child of what made it process 1
                target = int(Path(f"/proc/{target}/task/{target}/children").read_text().split()[0])
            start = time.monotonic()
            os.kill(target, number)
            error = process.communicate(timeout=30)[1]
            self.assertLess(time.monotonic() - start, 3)
        self.assertFalse(self.model.exists())
        partial = sum(path.stat().st_size for path in self.folder.rglob("growing/*"))
        self.assertGreater(partial, 100_000)
        return process.returncode, error, partial

    def assert_continued(self, partial: int) -> None:
        with Forwarder(S3.removeprefix("http://")) as line:
            done = self.fetch("1", "", f"http://{line.address}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLess(line.sent, 700_000 - partial + 20_000)
        self.assert_whole()

    def test_a_killed_fetch_is_continued_by_the_next(self) -> None:
        _, _, partial = self.interrupted([], signal.SIGKILL)
        self.assert_continued(partial)

    def test_a_terminated_fetch_ends_at_once_and_is_continued(self) -> None:
        status, error, partial = self.interrupted([], signal.SIGTERM)
        self.assertEqual((status, error.splitlines()[-1]), (143, "Cancelled: what is there stays; run again, and it continues"))
        self.assert_continued(partial)

    @unittest.skipUnless(IS_ROOT, "namespaces are for root")
    def test_as_process_1_of_a_container_it_can_be_terminated_too(self) -> None:
        status, _, partial = self.interrupted(["unshare", "--pid", "--fork", "--mount-proc"], signal.SIGTERM)
        self.assertEqual(status, 143)
        self.assert_continued(partial)

    def test_a_private_certificate_authority_is_trusted_by_its_file_only(self) -> None:
        files = certificate(self.folder, "127.0.0.1")
        self.model = self.folder / "below" / "model"
        with Forwarder(S3.removeprefix("http://"), certificate=files) as line:
            address = f"https://{line.address}"
            refused = self.fetch("1", "", address)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("certificate", refused.stderr)
            self.assertNotIn("trying again", refused.stdout)
            self.assertEqual(self.fetch("1", "", address, None, "--ca-file", str(self.folder / "none")).returncode, 64)
            trusted = self.fetch("1", "", address, None, "--ca-file", files[0])
            self.assertEqual((trusted.returncode, trusted.stderr), (0, ""))
            self.assertEqual(self.contents(), self.FILES)
            self.model = self.folder / "careless" / "model"
            self.assertEqual(self.fetch("1", "", address, {"skipVerify": True}).returncode, 0)

    def test_newer_bytes_are_not_taken_for_older_ones(self) -> None:
        self.client.put_object(Bucket=self.bucket, Key="resnet/2/a", Body=b"old")
        digest = self.digest_of("2")
        self.client.put_object(Bucket=self.bucket, Key="resnet/2/a", Body=b"new")
        done = self.fetch("2", digest)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("ModelBytesGone: the store holds "), done.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    @unittest.skipUnless(IS_ROOT, "mounts are for root")
    def test_a_disk_that_is_too_small_is_found_out_before_the_first_byte(self) -> None:
        done = self.on_mount("-t tmpfs -o size=256k tmpfs")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^DiskFull: \S+ has \S+ KiB free, and 683\.6 KiB are to come; ")

    @unittest.skipUnless(IS_ROOT, "mounts are for root")
    def test_a_disk_that_fills_up_meanwhile_is_named(self) -> None:
        with Forwarder(S3.removeprefix("http://"), rate=200_000) as line:
            done = self.on_mount("-t tmpfs -o size=1m tmpfs", f"http://{line.address}",
                                 meanwhile='sleep 1; head -c 2m /dev/zero >"$0/other"')
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.splitlines()[-1], rf"^DiskFull: {self.folder}/\S+ cannot be written: No space left on device; ")

    @unittest.skipUnless(IS_ROOT, "mounts are for root")
    def test_a_folder_that_cannot_be_written_is_named(self) -> None:
        done = self.on_mount("-t tmpfs -o ro tmpfs")
        self.assertRegex(done.stderr, rf"^ReadOnly: {self.folder}/\S+ cannot be made: Read-only file system; ")
        self.folder.chmod(0o755)
        done = self.fetch(user=65532)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"^PermissionDenied: {self.folder}/\S+ cannot be made: .*user 65532.*fsGroup")

    def on_mount(self, options: str, endpoint: str = S3, meanwhile: str = ":") -> subprocess.CompletedProcess[str]:
        """Fetches into a file system that is there for this process only, while something else happens there."""
        script = f'mount {options} "$0" && {{ ({meanwhile}) 2>/dev/null & exec "$@"; }}'
        command = self.command(self.model, endpoint=endpoint)
        return subprocess.run(["unshare", "--mount", "sh", "-c", script, str(self.folder), *command],
                              env={**KEYS, "PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60)

    def test_on_a_terminal_one_line_is_written_over(self) -> None:
        leader, follower = pty.openpty()
        with Forwarder(S3.removeprefix("http://"), rate=700_000) as line:
            process = subprocess.Popen(self.command(self.model, "1", "", f"http://{line.address}"), env=KEYS,
                                       stdout=follower, stderr=follower)
            os.close(follower)
            said = b""
            try:
                while data := os.read(leader, 4096):
                    said += data
            except OSError:
                pass  # the other end was closed, which Linux tells by EIO
            self.assertEqual(process.wait(), 0)
        os.close(leader)
        shares = re.findall(rb"\r\x1b\[K1: .*?\((\d+) %\)", said)
        self.assertGreater(len(shares), 2, said)
        self.assertEqual(shares[-1], b"100")
        self.assertEqual(said.count(b"\n"), 2, "the first line and the last")


if __name__ == "__main__":
    unittest.main(verbosity=2)
