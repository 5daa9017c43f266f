"""One pod: init containers in order, sidecars beside them, containers, phase, conditions, termination."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from api import JSON, APIError, Client
from container import BackOff, Container, PodContext, timestamp
from host import CommandError, Host
from images import Image, ImageStore
from volumes import Volumes, registry_credentials

OWN_CONDITIONS = ("PodScheduled", "Initialized", "ContainersReady", "Ready")


class Pod:
    """Runs on a thread of its own from `start` until the pod has left the API server, or `abandon`."""

    def __init__(self, client: Client, host: Host, images: ImageStore, pod: JSON, node_name: str, logs: Path,
                 back_off: BackOff, log: Callable[..., None]) -> None:
        self._client, self._host, self._log = client, host, log
        self.pod = pod
        meta, spec = pod["metadata"], pod["spec"]
        self.name = f"{meta['namespace']}/{meta['name']}"
        self._path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self._folder = host.folder / "pods" / meta["uid"]
        self._own_address = not spec.get("hostNetwork")
        node = {"name": node_name, "host": host.gateway, "address": host.gateway}

        def pull(reference: str, policy: str | None) -> Image:
            return images.pull(reference, policy, registry_credentials(client, pod))

        self._context = PodContext(
            client, host, pod, node, pull, Volumes(client, pod, node, self._folder / "volumes", pull), self._folder,
            logs / meta["namespace"] / meta["name"], back_off)
        policy = spec.get("restartPolicy", "Always")
        once = "Never" if policy == "Never" else "OnFailure"
        self._inits = [Container(self._context, init, init.get("restartPolicy") or once, "PodInitializing")
                       for init in spec.get("initContainers") or []]
        reason = "PodInitializing" if self._inits else "ContainerCreating"
        self._containers = [Container(self._context, container, policy, reason) for container in spec["containers"]]
        self._phase = "Pending"
        self._conditions: dict[str, JSON] = {}
        self._published: JSON | None = None
        self._start_time = timestamp()
        self._volumes_retry = 0.0
        self._waiting_for = ""
        self._deleted = self._vanished = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def observe(self, pod: JSON) -> None:
        """A newer version of the object."""
        self.pod = pod
        self._deleted = self._deleted or "deletionTimestamp" in pod["metadata"]
        self._context.wake.set()

    def abandon(self) -> None:
        """The object is gone, or the node ends: kill without grace and say nothing to the API server."""
        self._vanished = self._deleted = True
        self._context.wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._set_up()
            while not self._deleted:
                self._advance(time.monotonic())
                self._publish()
                self._context.wake.wait(0.2)
                self._context.wake.clear()
        except Exception as error:  # a fault of the node's own must not look like a pod that never gets ready
            self._log("pod", self.name, "fault of the node:", repr(error))
            self._phase = "Failed"
            self._waiting_for = f"node fault: {error!r}"
        finally:
            self._tear_down()

    def _set_up(self) -> None:
        for folder in (self._folder / "volumes", self._folder / "files", self._context.logs):
            folder.mkdir(parents=True, exist_ok=True)
        node, meta = self._context.node, self.pod["metadata"]
        if self._own_address:
            node["address"] = self._host.take_address()
            self._context.namespace = self._host.add_namespace(node["address"])
        aliases = [f"{alias['ip']} {' '.join(alias.get('hostnames') or [])}\n"
                   for alias in self.pod["spec"].get("hostAliases") or []]
        files = self._folder / "files"
        (files / "hosts").write_text(f"127.0.0.1 localhost\n{node['address']} {meta['name']}\n" + "".join(aliases))
        (files / "hostname").write_text(meta["name"] + "\n")
        resolver = Path("/etc/resolv.conf")
        (files / "resolv.conf").write_text(resolver.read_text() if resolver.exists() else "")

    # One step

    def _advance(self, now: float) -> None:
        if self._phase in ("Succeeded", "Failed") or not self._volumes_ready(now):
            return
        for init in self._inits:
            if not init.finished:
                init.advance(now)
            sidecar = init.spec.get("restartPolicy") == "Always"
            if init.finished and not init.succeeded:
                self._end("Failed")
                return
            if not (init.started if sidecar else init.succeeded) and not self._initialized:
                return
        for container in self._containers:
            container.advance(now)
        if any(container.was_started for container in self._containers):
            self._phase = "Running"
        if all(container.finished for container in self._containers):
            self._end("Succeeded" if all(container.succeeded for container in self._containers) else "Failed")

    @property
    def _initialized(self) -> bool:
        """Once it is, a sidecar that restarts does not take the pod back."""
        return self._phase != "Pending" or all(
            init.started if init.spec.get("restartPolicy") == "Always" else init.succeeded for init in self._inits)

    def _volumes_ready(self, now: float) -> bool:
        if now < self._volumes_retry:
            return False
        try:
            self._context.volumes.prepare()
            self._waiting_for = ""
            return True
        except (CommandError, APIError, OSError) as error:
            if self._waiting_for != str(error):
                self._log("pod", self.name, "waits for a volume:", error)
            self._waiting_for = str(error)
            self._volumes_retry = now + 1
            return False

    def _end(self, phase: str) -> None:
        self._stop_containers(self.pod["spec"].get("terminationGracePeriodSeconds", 30))
        self._release()
        self._phase = phase

    def _stop_containers(self, grace: float) -> None:
        """Containers all at once, then the sidecars in the reverse of the order they were started in."""
        deadline = time.monotonic() + grace
        running = self._containers + [init for init in self._inits if init.spec.get("restartPolicy") != "Always"]
        for thread in [container.terminate(grace) for container in running]:
            thread.join()
        for sidecar in reversed(self._inits):
            sidecar.terminate(max(deadline - time.monotonic(), 0)).join()
        for container in self._containers + self._inits:
            container.note_exit()

    # Status

    def _publish(self) -> None:
        status = self._status()
        if status == self._published or self._vanished:
            return
        try:
            self._client.merge_patch(f"{self._path}/status", {"metadata": {"uid": self.pod["metadata"]["uid"]},
                                                              "status": status})
        except APIError as error:
            if error.code not in (404, 409):  # gone, or replaced by a namesake: the watch will say so
                self._log("pod", self.name, "status:", error)
            return
        except OSError as error:  # the server is away; the next step tries again
            self._log("pod", self.name, "status:", error)
            return
        states = [f"{c.spec['name']}={next(iter(c.state))}" for c in self._inits + self._containers]
        self._log("pod", self.name, self._phase.lower(), "ready" if self._is("Ready") else "not ready", *states)
        self._published = status

    def _status(self) -> JSON:
        names = ", ".join(container.spec["name"] for container in self._containers if not container.ready)
        ended = self._phase in ("Succeeded", "Failed")
        unready = "PodCompleted" if ended else "ContainersNotReady"
        self._condition("PodScheduled", True)
        self._condition("Initialized", self._initialized, "ContainersNotInitialized", self._waiting_for)
        self._condition("ContainersReady", not names and not ended, unready, f"not ready: {names}")
        others = [condition for condition in self.pod.get("status", {}).get("conditions") or []
                  if condition["type"] not in OWN_CONDITIONS]
        true = {condition["type"] for condition in others if condition["status"] == "True"}
        gates = {gate["conditionType"] for gate in self.pod["spec"].get("readinessGates") or []}
        self._condition("Ready", self._is("ContainersReady") and gates <= true,
                        unready if names else "ReadinessGatesNotReady", f"not ready: {names or ', '.join(gates - true)}")
        node = self._context.node
        status: JSON = {
            "phase": self._phase, "startTime": self._start_time, "hostIP": node["host"], "podIP": node["address"],
            "podIPs": [{"ip": node["address"]}],
            "conditions": others + [dict(self._conditions[kind]) for kind in OWN_CONDITIONS],
            "initContainerStatuses": [init.status(is_init=init.spec.get("restartPolicy") != "Always")
                                      for init in self._inits],
            "containerStatuses": [container.status() for container in self._containers],
        }
        return status

    def _is(self, kind: str) -> bool:
        return self._conditions[kind]["status"] == "True"

    def _condition(self, kind: str, true: bool, reason: str = "", message: str = "") -> None:
        status, previous = "True" if true else "False", self._conditions.get(kind)
        changed = previous["lastTransitionTime"] if previous and previous["status"] == status else timestamp()
        condition = {"type": kind, "status": status, "lastTransitionTime": changed}
        self._conditions[kind] = condition if true else condition | {"reason": reason, "message": message}

    # End

    def _tear_down(self) -> None:
        try:
            grace = 0 if self._vanished else self.pod["metadata"].get("deletionGracePeriodSeconds", 0)
            self._stop_containers(grace)
            if self._phase == "Running":
                self._phase = "Succeeded" if all(container.succeeded for container in self._containers) else "Failed"
            self._publish()
        finally:
            self._release()
            shutil.rmtree(self._folder, ignore_errors=True)
        while not self._vanished and self._deleted and not self._leave():
            self._context.wake.wait(1)
            self._context.wake.clear()

    def _release(self) -> None:
        """Root file systems and the network: a pod that has ended keeps only its object and its logs."""
        for container in self._containers + self._inits:
            container.remove()
        if self._context.namespace:
            self._host.remove_namespace(self._context.namespace)
            self._host.give_back(self._context.node["address"])
            self._context.namespace = None

    def _leave(self) -> bool:
        """Takes the object away, which only the node that ran the pod may do; true when that needs no other try."""
        try:
            self._client.request("DELETE", self._path, {
                "gracePeriodSeconds": 0, "preconditions": {"uid": self.pod["metadata"]["uid"]}})
        except APIError as error:
            return error.code in (404, 409)
        except OSError:
            return False
        self._log("pod", self.name, "gone")
        return True
