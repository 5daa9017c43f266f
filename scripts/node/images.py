"""Images: pulled by skopeo, unpacked once per digest, shared by all containers that use them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host import CommandError, run

UNPACK = Path(__file__).with_name("unpack.py")


@dataclass(frozen=True)
class Image:
    root: Path
    config: dict[str, Any]
    identity: str  # repository@digest, what a status shows as imageID


class ImageStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o711)
        self._lock = threading.Lock()
        self._pulls: dict[str, threading.Lock] = {}
        self._by_digest: dict[str, Image] = {}
        self._by_reference: dict[str, Image] = {}

    def pull(self, reference: str, policy: str | None, auths: dict[str, Any]) -> Image:
        """The image, as `imagePullPolicy` says: a tag is asked for again only under Always. Raises CommandError."""
        repository, tag, digest = split(reference)
        policy = policy or ("Always" if not digest and tag == "latest" else "IfNotPresent")
        if policy != "Always" and reference in self._by_reference:
            return self._by_reference[reference]
        if policy == "Never":
            raise CommandError(f"{reference} is not present with pull policy of Never")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as authfile:
            json.dump({"auths": auths}, authfile)
            authfile.flush()
            # Loopback is spoken to without TLS too, as container engines do; skopeo tries https first.
            local = repository.startswith(("127.", "localhost:", "localhost/"))
            options = [f"--authfile={authfile.name}", f"--tls-verify={str(not local).lower()}"]
            found = run("skopeo", "inspect", "--raw", *options, f"docker://{repository}{digest or ':' + tag}")
            digest = digest or "@sha256:" + hashlib.sha256(found.encode()).hexdigest()
            with self._lock:
                pulling = self._pulls.setdefault(digest, threading.Lock())
            with pulling:
                image = self._by_digest.get(digest) or self._fetch(repository + digest, options)
        with self._lock:
            self._by_digest[digest] = image
            self._by_reference[reference] = image
        return image

    def _fetch(self, reference: str, options: list[str]) -> Image:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        folder.chmod(0o711)
        content, root = folder / "content", folder / "root"
        root.mkdir()
        options = ["--src-" + option.lstrip("-") for option in options]
        run("skopeo", "copy", "--quiet", "--insecure-policy", *options, f"docker://{reference}", f"dir:{content}")
        manifest = json.loads((content / "manifest.json").read_bytes())
        for layer in manifest["layers"]:
            blob = content / layer["digest"].split(":", 1)[1]
            unpacked = subprocess.run([sys.executable, UNPACK, blob, root], capture_output=True, text=True)
            if unpacked.returncode != 0:
                raise CommandError(f"layer {layer['digest']}: {unpacked.stderr.strip()[-300:]}")
            blob.unlink()
        config = json.loads((content / manifest["config"]["digest"].split(":", 1)[1]).read_bytes() or b"{}")
        return Image(root, config.get("config") or {}, reference)


def split(reference: str) -> tuple[str, str, str]:
    """(repository, tag, "@digest"), completed as every engine does: Docker Hub, library/, latest."""
    name, at, digest = reference.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, "latest"
    first, slash, _ = path.partition("/")
    if not slash:
        path = f"docker.io/library/{path}"
    elif not ("." in first or ":" in first or first == "localhost"):
        path = f"docker.io/{path}"
    return path, tag, at + digest
