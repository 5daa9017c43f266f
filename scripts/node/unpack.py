"""unpack.py BLOB ROOT: applies one image layer (tar, gzip or zstd) to a root file system, whiteouts included.

Runs in a process of its own, chrooted into ROOT: a link in one layer can then never lead a later layer out of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import PurePosixPath
from typing import IO

OPAQUE = ".wh..wh..opq"
WHITEOUT = ".wh."


def apply(archive: tarfile.TarFile) -> None:
    written: set[str] = set()  # an opaque whiteout hides what lower layers put there, not what its own layer did
    for member in archive:
        path = PurePosixPath("/", *(part for part in PurePosixPath(member.name).parts if part not in ("/", "..")))
        if path.name == OPAQUE:
            clear(path.parent, written)
        elif path.name.startswith(WHITEOUT):
            remove(path.parent / path.name[len(WHITEOUT):])
        else:
            if os.path.lexists(path) and not (member.isdir() and os.path.isdir(path) and not os.path.islink(path)):
                remove(path)
            os.makedirs(path.parent, exist_ok=True)
            if member.islnk():
                member.linkname = "/" + member.linkname.lstrip("/")
            archive.extract(member, "/", numeric_owner=True)
            written.update(map(str, [path, *path.parents]))


def clear(folder: PurePosixPath, written: set[str]) -> None:
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if str(folder / name) not in written:
            remove(folder / name)
        elif os.path.isdir(folder / name) and not os.path.islink(folder / name):
            clear(folder / name, written)


def remove(path: PurePosixPath) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def main() -> None:
    blob, root = sys.argv[1:]
    with open(blob, "rb") as file:
        magic = file.read(4)
        file.seek(0)
        stream: IO[bytes] | None = file
        if magic == b"\x28\xb5\x2f\xfd":
            stream = subprocess.Popen(["zstd", "-dcq", blob], stdout=subprocess.PIPE).stdout
        # Opening also loads the decompressor's module, which would be out of reach after chroot.
        gzipped = magic[:2] == b"\x1f\x8b"
        archive = tarfile.open(fileobj=stream, mode="r|gz") if gzipped else tarfile.open(fileobj=stream, mode="r|")
        os.chroot(root)
        os.chdir("/")
        apply(archive)


if __name__ == "__main__":
    main()
