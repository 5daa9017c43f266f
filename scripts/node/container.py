"""One container of a pod: started, watched by its probes, restarted with back-off, terminated with grace."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from api import JSON, APIError, Client
from bundle import remove_bundle, write_bundle
from environment import MissingReference, environment
from host import CommandError, Host, run
from images import Image
from probe import Prober, Target, act
from volumes import Volumes


def timestamp() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class BackOff:
    """Seconds before a restart: `first`, doubled with each failure up to `limit`. Kubelet's are 10 and 300; a test
    has no time for them."""

    first: float
    limit: float

    def delay(self, failures: int) -> float:
        return min(self.first * 2.0 ** min(failures - 1, 30), self.limit)


@dataclass
class PodContext:
    """What the containers of one pod share."""

    client: Client
    host: Host
    pod: JSON
    node: JSON  # name, host and address: what the downward API tells
    pull: Callable[[str, str | None], Image]
    volumes: Volumes
    folder: Path
    logs: Path
    back_off: BackOff
    namespace: str | None = None
    wake: threading.Event = field(default_factory=threading.Event)


class Container:
    """`advance` is called by the pod's thread alone; it never waits."""

    def __init__(self, context: PodContext, spec: JSON, restart_policy: str, waiting_reason: str) -> None:
        self._context, self.spec, self._policy = context, spec, restart_policy
        self._log, self._log_start = context.logs / f"{spec['name']}.log", 0
        self._id = f"{context.pod['metadata']['uid']}-{spec['name']}"
        self._folder = context.folder / "containers" / spec["name"]
        self._process: subprocess.Popen[bytes] | None = None
        self._probers: dict[str, Prober] = {}
        self._terminating = False
        self._failures = 0
        self._not_before = self._started_at = 0.0
        self._image_id = ""
        self._last: JSON = {}
        self._restarts = 0
        self.state: JSON = {"waiting": {"reason": waiting_reason}}
        self.finished = False  # terminated for good, by the restart policy

    @property
    def started(self) -> bool:
        startup = self._probers.get("startupProbe")
        return self._process is not None and (startup is None or startup.healthy)

    @property
    def ready(self) -> bool:
        readiness = self._probers.get("readinessProbe")
        return self.started and not self._terminating and (
            readiness.healthy if readiness else "readinessProbe" not in self.spec)

    @property
    def succeeded(self) -> bool:
        return self.finished and self.state["terminated"]["exitCode"] == 0

    @property
    def was_started(self) -> bool:
        return self._process is not None or bool(self._last) or "terminated" in self.state

    def status(self, is_init: bool = False) -> JSON:
        return {
            "name": self.spec["name"], "image": self.spec["image"], "imageID": self._image_id, "state": dict(self.state),
            "lastState": self._last, "restartCount": self._restarts, "started": self.started,
            "ready": self.succeeded if is_init else self.ready,
        }

    def advance(self, now: float) -> None:
        """One step: notes an exit, obeys the probes, starts what is due."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                self._obey_probes()
                return
            self._ended(code, now)
        if not self.finished and now >= self._not_before:
            self._start(now)

    def terminate(self, grace: float) -> threading.Thread:
        """The preStop hook and SIGTERM within `grace` seconds, then SIGKILL; the thread ends when the process has."""
        self._terminating = True
        thread = threading.Thread(target=self._terminate, args=(grace,), daemon=True)
        thread.start()
        return thread

    def note_exit(self) -> None:
        """After `terminate`: records how the process ended and that it will not come back."""
        if self._process is not None:
            self._policy = "Never"
            self._ended(self._process.wait(), time.monotonic())
        self._stop_probers()

    def remove(self) -> None:
        run(*self._context.host.runc("delete", "--force", self._id), check=False)
        remove_bundle(self._folder)

    # Starting

    def _start(self, now: float) -> None:
        context = self._context
        try:
            try:
                image = context.pull(self.spec["image"], self.spec.get("imagePullPolicy"))
            except CommandError as error:
                self._wait("ImagePullBackOff" if self._failures else "ErrImagePull", str(error), now)
                return
            self.remove()
            variables = environment(context.client, context.pod, self.spec, image.config.get("Env") or [], context.node)
            write_bundle(self._folder, context.pod, self.spec, image, variables, context.volumes, context.namespace,
                         context.folder / "files")
        except MissingReference as error:
            self._wait("CreateContainerConfigError", str(error), now)
            return
        except (CommandError, APIError, OSError) as error:
            self._wait("CreateContainerError", str(error), now)
            return
        if "waiting" in self.state and not self._last:
            self._failures = 0  # failed pulls do not count against the first run
        self._image_id, self._started_at, self._terminating = image.identity, now, False
        with open(self._log, "ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                context.host.runc("--log", str(self._folder / "runc.log"), "--log-format", "json", "run", self._id),
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        threading.Thread(target=self._announce_exit, args=(self._process,), daemon=True).start()
        self.state = {"running": {"startedAt": timestamp()}}
        self._start_prober("startupProbe" if "startupProbe" in self.spec else "readinessProbe", "livenessProbe")

    def _announce_exit(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._context.wake.set()

    def _wait(self, reason: str, message: str, now: float) -> None:
        self._failures += 1
        self._not_before = now + self._context.back_off.delay(self._failures)
        self.state = {"waiting": {"reason": reason, "message": message}}

    # Watching

    def _start_prober(self, *kinds: str) -> None:
        if kinds[0] == "startupProbe":
            kinds = kinds[:1]  # the others begin when it has succeeded
        for kind in kinds:
            if kind in self.spec:
                self._probers[kind] = Prober(self.spec[kind], self._target(), kind == "livenessProbe",
                                             self._context.wake.set)

    def _obey_probes(self) -> None:
        startup, liveness = self._probers.get("startupProbe"), self._probers.get("livenessProbe")
        if startup and startup.healthy and "livenessProbe" not in self._probers and "readinessProbe" not in self._probers:
            startup.stop()
            self._start_prober("readinessProbe", "livenessProbe")
        failed = startup if startup and not startup.healthy else liveness
        if failed and failed.failed and not self._terminating:
            self._stop_probers()
            self.terminate(self._context.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _stop_probers(self) -> None:
        for prober in self._probers.values():
            prober.stop()
        self._probers = {}

    def _target(self) -> Target:
        ports = {port["name"]: port["containerPort"] for port in self.spec.get("ports") or [] if "name" in port}
        return Target(self._context.node["address"], ports, self._context.host.runc("exec", self._id))

    # Ending

    def _ended(self, code: int, now: float) -> None:
        self._stop_probers()
        self._process = None
        terminated = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", "finishedAt": timestamp()}
        terminated["startedAt"] = self.state.get("running", {}).get("startedAt", terminated["finishedAt"])
        if code != 0 and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            terminated["message"] = self._last_words()
        if refusal := self._refusal():
            terminated |= {"exitCode": 128, "reason": "StartError", "message": refusal}
        if self._policy == "Never" or (self._policy == "OnFailure" and terminated["exitCode"] == 0):
            self.finished = True
            self.state = {"terminated": terminated}
            return
        if now - self._started_at > 2 * self._context.back_off.limit:
            self._failures = 0  # it had run well
        self._restarts += 1
        self._last = {"terminated": terminated}
        self._wait("CrashLoopBackOff", f"the container ended with exit code {terminated['exitCode']}", now)

    def _last_words(self) -> str:
        """The end of what this run wrote, as much as kubelet takes."""
        with open(self._log, "rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 2048))
            return "".join(log.read().decode(errors="replace").splitlines(keepends=True)[-80:])

    def _refusal(self) -> str | None:
        """What the runtime said where it could not start the process at all."""
        log = self._folder / "runc.log"
        for line in log.read_text().splitlines() if log.exists() else []:
            entry = json.loads(line)
            if entry.get("level") in ("error", "fatal") and "unable to start" in entry.get("msg", ""):
                return entry["msg"]
        return None

    def _terminate(self, grace: float) -> None:
        process, deadline = self._process, time.monotonic() + grace
        if process is None:
            return
        if hook := (self.spec.get("lifecycle") or {}).get("preStop"):
            act(hook, self._target(), max(grace, 0))
        run(*self._context.host.runc("kill", self._id, "TERM"), check=False)
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            run(*self._context.host.runc("kill", self._id, "KILL"), check=False)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()  # the runtime itself hangs
                process.wait()
