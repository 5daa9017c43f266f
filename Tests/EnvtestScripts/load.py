"""A client that sends requests at a steady rate to the ready addresses of a Service and never repeats one."""

from __future__ import annotations

import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from api import JSON, APIError, Client


@dataclass(frozen=True)
class Answer:
    at: float  # seconds, monotonic
    text: str
    error: str = ""


class Load:
    """Takes addresses from a watch of the Service's EndpointSlices, as a proxy would: those that are ready and not
    terminating. One connection a request; whatever goes wrong is a failure."""

    def __init__(self, client: Client, namespace: str, service: str, port: int, rate: float) -> None:
        self._client, self._port, self._rate = client, port, rate
        group = client.request("GET", "/apis/discovery.k8s.io")
        versions = [entry["version"] for entry in group["versions"]]
        version = "v1" if "v1" in versions else versions[0]  # v1 came with 1.21
        self.path = f"/apis/discovery.k8s.io/{version}/namespaces/{namespace}/endpointslices"
        self._service = service
        self._slices: dict[str, JSON] = {}
        self._answers: list[Answer] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(64)
        self._sender = threading.Thread(target=self._send, daemon=True)
        threading.Thread(target=self._watch, daemon=True).start()

    def start(self) -> None:
        self._sender.start()

    def end(self) -> None:
        """Returns when every request that was sent has an answer."""
        self._ended.set()
        self._sender.join(10)
        self._pool.shutdown()

    @property
    def answers(self) -> list[Answer]:
        with self._lock:
            return sorted(self._answers, key=lambda answer: answer.at)

    @property
    def addresses(self) -> list[str]:
        with self._lock:
            return [address for part in self._slices.values() for endpoint in part.get("endpoints") or []
                    if self._is_ready(endpoint.get("conditions") or {}) for address in endpoint["addresses"]]

    @staticmethod
    def _is_ready(conditions: JSON) -> bool:
        # Absent means unknown, which consumers take for ready (EndpointConditions).
        return conditions.get("ready", True) and not conditions.get("terminating", False)

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                listed = self._client.request("GET", self.path)
                with self._lock:
                    self._slices = {item["metadata"]["name"]: item for item in listed["items"] if self._is_ours(item)}
                for event in self._client.watch(self.path, listed["metadata"]["resourceVersion"]):
                    item = event["object"]
                    if event["type"] == "BOOKMARK" or not self._is_ours(item):
                        continue
                    with self._lock:
                        if event["type"] == "DELETED":
                            self._slices.pop(item["metadata"]["name"], None)
                        else:
                            self._slices[item["metadata"]["name"]] = item
            except (APIError, OSError):
                self._ended.wait(0.2)

    def _is_ours(self, item: JSON) -> bool:
        labels = item["metadata"].get("labels") or {}
        return labels.get("kubernetes.io/service-name") == self._service

    def _send(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            self._pool.submit(self._ask, time.monotonic())
            due += 1 / self._rate
            time.sleep(max(due - time.monotonic(), 0))

    def _ask(self, at: float) -> None:
        try:
            connection = http.client.HTTPConnection(random.choice(self.addresses), self._port, timeout=5)
            try:
                connection.request("GET", "/", headers={"Connection": "close"})
                response = connection.getresponse()
                text = response.read().decode().strip()
                error = "" if response.status == 200 else f"status {response.status}"
            finally:
                connection.close()
        except (OSError, IndexError, http.client.HTTPException) as failure:
            text, error = "", repr(failure)
        with self._lock:
            self._answers.append(Answer(at, text, error))
