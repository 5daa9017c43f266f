"""Probes and hooks: what to do to a container, and what a series of answers means."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from api import JSON


@dataclass(frozen=True)
class Target:
    """Where a container can be reached."""

    address: str
    ports: dict[str, int]
    exec_prefix: list[str]

    def port(self, port: int | str) -> int:
        return self.ports[port] if port in self.ports else int(port)


def act(action: JSON, target: Target, timeout: float) -> bool:
    """Performs an exec, httpGet, tcpSocket or sleep action; whether it succeeded."""
    try:
        if "exec" in action:
            done = subprocess.run(target.exec_prefix + action["exec"]["command"], timeout=timeout, capture_output=True)
            return done.returncode == 0
        if "httpGet" in action:
            return http_get(action["httpGet"], target, timeout)
        if "tcpSocket" in action:
            address = (action["tcpSocket"].get("host") or target.address, target.port(action["tcpSocket"]["port"]))
            socket.create_connection(address, timeout).close()
            return True
        if "sleep" in action:
            time.sleep(min(action["sleep"]["seconds"], timeout))
            return True
    except (OSError, subprocess.TimeoutExpired, http.client.HTTPException, ValueError):
        return False
    return False


def http_get(get: JSON, target: Target, timeout: float) -> bool:
    host, port = get.get("host") or target.address, target.port(get["port"])
    if get.get("scheme") == "HTTPS":  # as kubelet: the certificate is not looked at
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    headers = {"User-Agent": "kube-probe", **{item["name"]: item["value"] for item in get.get("httpHeaders") or []}}
    try:
        connection.request("GET", get.get("path") or "/", headers=headers)
        return 200 <= connection.getresponse().status < 400
    finally:
        connection.close()


class Prober:
    """Asks again and again on a thread of its own until `stop`; `healthy` follows the thresholds.

    A readiness or startup probe begins unhealthy, a liveness probe begins healthy (`initially`).
    """

    def __init__(self, probe: JSON, target: Target, initially: bool, changed: Callable[[], None]) -> None:
        self._probe, self._target, self._changed = probe, target, changed
        self.healthy = initially
        self.failed = False  # failureThreshold was reached at least once
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        successes = failures = 0
        wait = self._probe.get("initialDelaySeconds", 0)
        while not self._ended.wait(wait):
            wait = self._probe.get("periodSeconds", 10)
            if act(self._probe, self._target, self._probe.get("timeoutSeconds", 1)):
                successes, failures = successes + 1, 0
            else:
                successes, failures = 0, failures + 1
            before = (self.healthy, self.failed)
            if successes >= self._probe.get("successThreshold", 1):
                self.healthy = True
            elif failures >= self._probe.get("failureThreshold", 3):
                self.healthy, self.failed = False, True
            if before != (self.healthy, self.failed) and not self._ended.is_set():
                self._changed()
