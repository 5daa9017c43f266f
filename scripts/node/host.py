"""What the node does to the machine it runs on: commands, folders, network. All of it is undone by `close`."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

STATE = Path("/var/tmp/modelapp-node")
OWNER = re.compile(r"modelapp(\d+)")


class CommandError(Exception):
    """A program that failed; its message is the last thing it said."""


def run(*command: str, check: bool = True, stdin: bytes | None = None) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True)
    if check and done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise CommandError(f"{command[0]}: {said[-600:]}")
    return done.stdout.decode(errors="replace")


def alive(process: str) -> bool:
    """Whether there is such a process, other than one that has ended and that nobody has waited for."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


class Host:
    """One bridge with a /24 of its own, and a folder for images, pods and the runtime's state.

    Every name carries this process's id, so that nodes run side by side, and so that what a killed one left behind is
    known by its dead owner and swept when the next one starts.
    """

    def __init__(self) -> None:
        self.name = f"modelapp{os.getpid()}"
        self.folder = STATE / self.name
        self._addresses = set(range(2, 255))
        self._lock = threading.Lock()
        STATE.mkdir(mode=0o711, exist_ok=True)
        with open(STATE / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two nodes must not choose the same network
            self._sweep()
            self.folder.mkdir(mode=0o711)
            self.network = self._free_network()
            run("ip", "link", "add", self.name, "type", "bridge")
            run("ip", "address", "add", f"{self.gateway}/24", "dev", self.name)
            run("ip", "link", "set", self.name, "up")

    @property
    def gateway(self) -> str:
        return f"{self.network}.1"

    def runc(self, *arguments: str) -> list[str]:
        return ["runc", "--root", str(self.folder / "runc"), *arguments]

    def take_address(self) -> str:
        with self._lock:
            if not self._addresses:
                raise CommandError("no address is free: the node holds 253 pods")
            return f"{self.network}.{self._addresses.pop()}"

    def give_back(self, address: str) -> None:
        with self._lock:
            self._addresses.add(int(address.rsplit(".", 1)[1]))

    def add_namespace(self, address: str) -> str:
        """A network namespace with this address on the bridge; returns its name."""
        number = address.rsplit(".", 1)[1]
        name, outside = f"{self.name}-{number}", f"mn{os.getpid()}-{number}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", outside, "master", self.name, "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "route", "add", "default", "via", self.gateway)
        return name

    def remove_namespace(self, name: str) -> None:
        run("ip", "netns", "delete", name, check=False)  # takes the veth pair with it

    def close(self) -> None:
        self._remove(self.name)

    def _sweep(self) -> None:
        owners = {path.name for path in STATE.iterdir()}
        owners.update(re.findall(r"modelapp\d+", run("ip", "-o", "link", "show", "type", "bridge")))
        for owner in owners:
            if (process := OWNER.fullmatch(owner)) and not alive(process[1]):
                self._remove(owner)

    @staticmethod
    def _remove(owner: str) -> None:
        folder = STATE / owner
        for container in run("runc", "--root", str(folder / "runc"), "list", "-q", check=False).split():
            run("runc", "--root", str(folder / "runc"), "delete", "--force", container, check=False)
        for line in run("ip", "netns", "list", check=False).splitlines():
            if line.startswith(f"{owner}-"):
                run("ip", "netns", "delete", line.split()[0], check=False)
        run("ip", "link", "delete", owner, check=False)
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((path for path in mounted if path.startswith(f"{folder}/")), reverse=True):
            run("umount", "-l", mount, check=False)
        shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _free_network() -> str:
        routes = run("ip", "-4", "route", "show") + run("ip", "-4", "-o", "address", "show")
        for third in range(255):
            if f"10.99.{third}." not in routes:
                return f"10.99.{third}"
        raise CommandError("no network is free below 10.99.0.0/16")
