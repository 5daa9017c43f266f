"""The node itself: registered, kept alive by its lease, told of pods by a watch."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import threading
import time
from pathlib import Path

from api import JSON, APIError, Client
from container import BackOff, timestamp
from host import Host
from images import ImageStore
from pod import Pod

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def log(*words: object) -> None:
    sys.stderr.write(" ".join([time.strftime("%H:%M:%S"), *map(str, words)]) + "\n")  # one write, for many threads


class Agent:
    """Also stands in for the scheduler: pods that nobody has bound come to this node.

    `prefix`: pods in namespaces that do not begin with it are left alone, for tests that play kubelet themselves.
    """

    def __init__(self, client: Client, host: Host, name: str, logs: Path, back_off: BackOff, prefix: str) -> None:
        self._client, self._host, self.name, self._logs = client, host, name, logs
        self._back_off, self._prefix = back_off, prefix
        (host.folder / "pods").mkdir(mode=0o711)
        self._images = ImageStore(host.folder / "images")
        self._pods: dict[str, Pod] = {}
        self._ended = threading.Event()
        architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
        self._labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture}

    def run(self) -> None:
        """Until `end`."""
        self._register()
        threading.Thread(target=self._stay_alive, daemon=True).start()
        log("node", self.name, "is ready; pods get addresses in", f"{self._host.network}.0/24; logs in", self._logs)
        while not self._ended.is_set():
            try:
                version = self._list()
                for event in self._client.watch("/api/v1/pods", version):
                    if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                        self._observe(event["object"], event["type"] == "DELETED")
                    if self._ended.is_set():
                        return
            except (APIError, OSError, ValueError) as error:
                if not (isinstance(error, APIError) and error.code == 410):  # 410: the watch was too old, list again
                    log("watch:", error)
                    self._ended.wait(0.5)

    def end(self) -> None:
        """Kills every pod and takes the node away; the cluster then collects the pods' objects."""
        self._ended.set()
        pods = list(self._pods.values())
        for pod in pods:
            pod.abandon()
        for pod in pods:
            pod.join(5)
        for path in (f"/api/v1/nodes/{self.name}", f"{LEASES}/{self.name}"):
            try:
                self._client.request("DELETE", path)
            except (APIError, OSError):
                pass  # the control plane may have ended before us

    # The node object

    def _register(self) -> None:
        self._create("/api/v1/namespaces", {"metadata": {"name": "kube-node-lease"}})
        self._create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node",
                                       "metadata": {"name": self.name, "labels": self._labels}})
        self._report()
        self._renew()

    def _create(self, path: str, body: JSON) -> None:
        try:
            self._client.request("POST", path, body)
        except APIError as error:
            if error.code != 409:
                raise

    def _report(self) -> None:
        now = timestamp()
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 1024}Ki"
        capacity = {"cpu": str(os.cpu_count()), "memory": memory, "pods": "250", "ephemeral-storage": "50Gi"}
        self._client.merge_patch(f"/api/v1/nodes/{self.name}/status", {"status": {
            "capacity": capacity, "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": self._host.gateway},
                          {"type": "Hostname", "address": self.name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready",
                            "lastHeartbeatTime": now, "lastTransitionTime": now}],
            "nodeInfo": {"architecture": self._labels["kubernetes.io/arch"], "operatingSystem": "linux", "bootID": "",
                         "containerRuntimeVersion": "runc://1", "kernelVersion": platform.release(), "machineID": "",
                         "kubeProxyVersion": "", "kubeletVersion": "v1.36.0", "osImage": "Linux", "systemUUID": ""},
        }})
        # The node lifecycle controller taints a node until it has seen it ready.
        self._client.merge_patch(f"/api/v1/nodes/{self.name}", {"spec": {"taints": None}})

    def _renew(self) -> None:
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": 40,
                "renewTime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        try:
            self._client.merge_patch(f"{LEASES}/{self.name}", {"spec": spec})
        except APIError as error:
            if error.code != 404:
                raise
            self._create(LEASES, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                                  "metadata": {"name": self.name}, "spec": spec})

    def _stay_alive(self) -> None:
        while not self._ended.wait(8):
            try:
                self._renew()
                self._report()
            except (APIError, OSError) as error:
                log("lease:", error)

    # Pods

    def _list(self) -> str:
        found = self._client.request("GET", "/api/v1/pods")
        present = {pod["metadata"]["uid"] for pod in found["items"]}
        for uid in [uid for uid in self._pods if uid not in present]:
            self._pods.pop(uid).abandon()
        for pod in found["items"]:
            self._observe(pod, deleted=False)
        return found["metadata"]["resourceVersion"]

    def _observe(self, pod: JSON, deleted: bool) -> None:
        meta, uid = pod["metadata"], pod["metadata"]["uid"]
        if not meta["namespace"].startswith(self._prefix):
            return
        if deleted:
            if known := self._pods.pop(uid, None):
                known.abandon()
        elif uid in self._pods:
            self._pods[uid].observe(pod)
        elif not pod["spec"].get("nodeName"):
            self._bind(pod)
        elif pod["spec"]["nodeName"] == self.name:
            if pod.get("status", {}).get("phase") in ("Succeeded", "Failed") and "deletionTimestamp" not in meta:
                return
            self._pods[uid] = run = Pod(self._client, self._host, self._images, pod, self.name, self._logs,
                                        self._back_off, log)
            run.observe(pod)
            run.start()

    def _bind(self, pod: JSON) -> None:
        spec, meta = pod["spec"], pod["metadata"]
        selector = (spec.get("nodeSelector") or {}).items()
        if (spec.get("schedulerName", "default-scheduler") != "default-scheduler" or spec.get("schedulingGates")
                or "deletionTimestamp" in meta or not selector <= self._labels.items()):
            return
        try:
            self._client.request("POST", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding", {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": meta["name"], "uid": meta["uid"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": self.name}})
        except APIError as error:
            if error.code not in (404, 409):  # gone, or another node was faster
                log("bind:", error)
