"""The OCI runtime configuration of one container."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from api import JSON
from environment import expand
from host import CommandError, run
from images import Image
from volumes import Volumes

# The set container engines grant by default.
CAPABILITIES = [f"CAP_{name}" for name in (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")]
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
]


def write_bundle(
    folder: Path, pod: JSON, container: JSON, image: Image, variables: dict[str, str], volumes: Volumes,
    namespace: str | None, shared_files: Path,
) -> None:
    """Fills `folder` with config.json and a root file system: the image below, what the container writes above.
    Without a network `namespace` the container shares the host's network."""
    root = mount_root(folder, image.root)
    security = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    capabilities = CAPABILITIES if not security.get("privileged") else CAPABILITIES + ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"]
    dropped = {f"CAP_{name}" for name in (security.get("capabilities") or {}).get("drop") or []}
    added = [f"CAP_{name}" for name in (security.get("capabilities") or {}).get("add") or []]
    kept = sorted(({*capabilities} - dropped if "CAP_ALL" not in dropped else set()) | {*added})
    user = identity(image, security)
    network = [{"type": "network", "path": f"/var/run/netns/{namespace}"}] if namespace else []
    config = {
        "ociVersion": "1.0.2",
        "hostname": pod["metadata"]["name"][:63],
        "root": {"path": str(root), "readonly": bool(security.get("readOnlyRootFilesystem"))},
        "process": {
            "args": command(container, image, variables),
            "cwd": container.get("workingDir") or image.config.get("WorkingDir") or "/",
            "env": [f"{name}={value}" for name, value in variables.items()],
            "user": user,
            "noNewPrivileges": security.get("allowPrivilegeEscalation") is False,
            "capabilities": {kind: kept for kind in ("bounding", "permitted", "effective")
                             if kind == "bounding" or user["uid"] == 0},
        },
        "mounts": MOUNTS + mounts(container, variables, volumes, shared_files),
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")] + network,
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
    (folder / "config.json").write_text(json.dumps(config))


def mount_root(folder: Path, image_root: Path) -> Path:
    """An overlay, or a copy where the file system below cannot carry one."""
    for part in ("upper", "work", "root"):
        (folder / part).mkdir(parents=True)
    (folder / "upper").chmod(0o755)
    options = f"lowerdir={image_root},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    try:
        run("mount", "-t", "overlay", "overlay", "-o", options, str(folder / "root"))
    except CommandError:
        run("cp", "-a", "--reflink=auto", f"{image_root}/.", str(folder / "root"))
    return folder / "root"


def remove_bundle(folder: Path) -> None:
    if folder.exists():
        run("umount", "-l", str(folder / "root"), check=False)
        shutil.rmtree(folder, ignore_errors=True)


def command(container: JSON, image: Image, variables: dict[str, str]) -> list[str]:
    """`command` replaces the image's entrypoint and its arguments, `args` the arguments alone."""
    entrypoint = container.get("command") or image.config.get("Entrypoint") or []
    arguments = container.get("args") or ([] if container.get("command") else image.config.get("Cmd") or [])
    if not entrypoint + arguments:
        raise CommandError("no command specified")
    # Only what the pod says is expanded; the image's own words are taken as they are.
    if container.get("command"):
        entrypoint = [expand(word, variables) for word in entrypoint]
    if container.get("args"):
        arguments = [expand(word, variables) for word in arguments]
    return entrypoint + arguments


def identity(image: Image, security: JSON) -> JSON:
    """Numbers for the pod's or the image's user and group; names are looked up in the image."""
    user, _, group = str(image.config.get("User") or "0").partition(":")
    uid, gid = (security["runAsUser"], 0) if "runAsUser" in security else lookup(image, "passwd", user)
    if group:
        gid = lookup(image, "group", group)[0]
    if security.get("runAsNonRoot") and uid == 0:
        raise CommandError("container has runAsNonRoot and image will run as root")
    groups = list(security.get("supplementalGroups") or [])
    if "fsGroup" in security:
        groups.append(security["fsGroup"])
    return {"uid": uid, "gid": security.get("runAsGroup", gid), "additionalGids": groups}


def lookup(image: Image, file: str, name: str) -> tuple[int, int]:
    """(number, primary group) of a user, or (number, _) of a group; both may be given as a number."""
    table = image.root / "etc" / file
    lines = table.read_text(errors="replace").splitlines() if table.is_file() and not table.is_symlink() else []
    for entry in (line.split(":") for line in lines):
        if len(entry) >= 4 and name in (entry[0], entry[2]):
            return int(entry[2]), int(entry[3]) if file == "passwd" else 0
    if not name.isdigit():
        raise CommandError(f"{name} is not in the image's /etc/{file}")
    return int(name), 0


def mounts(container: JSON, variables: dict[str, str], volumes: Volumes, shared_files: Path) -> list[JSON]:
    result: list[JSON] = []
    for name in ("hosts", "hostname", "resolv.conf"):
        result.append({"destination": f"/etc/{name}", "type": "bind", "source": str(shared_files / name),
                       "options": ["rbind", "rw"]})
    for mount in container.get("volumeMounts") or []:
        source = volumes.sources[mount["name"]]
        below = mount.get("subPath") or expand(mount.get("subPathExpr", ""), variables)
        if below:
            source = source / below
            if volumes.sources[mount["name"]].resolve() not in source.resolve().parents:
                raise CommandError(f"subPath {below} leads out of its volume")
            if not source.exists():
                source.mkdir(parents=True)
        read_only = mount.get("readOnly") or mount["name"] in volumes.read_only
        result.append({"destination": mount["mountPath"], "type": "bind", "source": str(source),
                       "options": ["rbind", "ro" if read_only else "rw"]})
    return result
