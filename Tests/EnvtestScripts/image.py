"""Makes a small image around a static busybox and pushes it, in plain requests, to a registry."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import urllib.request
from pathlib import Path

APPLETS = ("sh", "cat", "echo", "httpd", "sleep", "true", "false", "wget", "test", "ls", "id", "touch", "expr", "nc", "env")
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer(files: dict[str, bytes | str]) -> bytes:
    """A gzipped tar: bytes are files (executable), strings are symbolic links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def push(registry: str, name: str, tag: str, layers: list[bytes], config: dict[str, object]) -> str:
    """Returns the digest of the manifest."""
    base = f"http://{registry}/v2/{name}"
    document = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": {
        "type": "layers", "diff_ids": [digest(gzip.decompress(blob)) for blob in layers]}}
    content = json.dumps(document).encode()
    for blob in [*layers, content]:
        start = urllib.request.Request(f"{base}/blobs/uploads/", method="POST", data=b"")
        with urllib.request.urlopen(start, timeout=30) as answer:
            location = answer.headers["Location"]
        target = f"{location}{'&' if '?' in location else '?'}digest={digest(blob)}"
        send(target, blob, "application/octet-stream")
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(content, "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(blob, LAYER) for blob in layers],
    }).encode()
    send(f"{base}/manifests/{tag}", manifest, "application/vnd.oci.image.manifest.v1+json")
    return digest(manifest)


def push_busybox(registry: str, name: str, tag: str) -> str:
    """Two layers: the second hides a file of the first by a whiteout and a folder's content by an opaque one."""
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    first: dict[str, bytes | str] = {"bin/busybox": busybox}
    first |= {f"bin/{applet}": "busybox" for applet in APPLETS}
    first |= {"etc/passwd": b"root:x:0:0::/:/bin/sh\nweb:x:1234:1234::/:/bin/sh\n", "etc/hidden": b"", "opt/old": b"",
              "tmp/.keep": b"", "outside": "/etc"}
    second: dict[str, bytes | str] = {"etc/.wh.hidden": b"", "opt/new": b"new\n", "opt/.wh..wh..opq": b"",
                                      "outside/through-link": b"stays inside\n"}
    config = {"Cmd": ["sh", "-c", "sleep 3600"], "Env": ["FROM_IMAGE=yes"], "WorkingDir": "/tmp"}
    return push(registry, name, tag, [layer(first), layer(second)], config)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def send(url: str, data: bytes, media_type: str) -> None:
    request = urllib.request.Request(url, method="PUT", data=data, headers={"Content-Type": media_type})
    urllib.request.urlopen(request, timeout=60).close()
