"""How fast an edit of a ModelApp leads to the operator's first write, as a client sees it.

Against the demo's API server, which runs beside the operator: 50 ModelApps whose sources were just scanned are edited
in turn, 50 edits a second. An edit asks for another annotation of the Service, which starts no rollout: one that is
under way holds back the next, and its pods would be what is measured. The time runs from sending the edit until a watch
shows the Service, so it holds two more ways over the network, and two more looks at the API server, than "watch line
read to first byte of the PATCH". It is compared with the median round trip of a PATCH that changes nothing.
"""
import base64
import http.client
import json
import re
import ssl
import subprocess
import threading
import time

APPS, EVENTS, RATE = 50, 2000, 50
COLLECTION = "/apis/modelapp.dev/v1alpha1/namespaces/prod/modelapps"
SERVICES = "/api/v1/namespaces/prod/services"


class Server:
    """A connection to the API server of a kubeconfig, kept open."""

    def __init__(self, path):
        with open(path) as file:
            text = file.read()
        self.authority = re.search(r'server: "?https://([^\s"]+)', text)[1]
        trust = re.search(r'certificate-authority-data: "?([^\s"]+)', text)[1]
        self.trust = ssl.create_default_context(cadata=base64.b64decode(trust).decode())
        self.headers = {"Authorization": "Bearer " + re.search(r'token: "?([^\s"]+)', text)[1]}
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.authority, context=self.trust, timeout=300)

    def call(self, method, path, document=None, kind="application/json"):
        body = None if document is None else json.dumps(document)
        self.connection.request(method, path, body, {**self.headers, "Content-Type": kind})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {content[:500]}")
        return json.loads(content)

    def merge(self, name, patch):
        return self.call("PATCH", f"{COLLECTION}/{name}", patch, "application/merge-patch+json")


class Writes(threading.Thread):
    """Notes when the Service of each edit is first seen."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seen = server, {}

    def run(self):
        connection = self.server.connect()
        connection.request("GET", SERVICES + "?watch=1&timeoutSeconds=600", headers=self.server.headers)
        for line in connection.getresponse():
            now = time.monotonic()
            mark = json.loads(line)["object"]["metadata"].get("annotations", {}).get("bench/edit")
            if mark:
                self.seen.setdefault(int(mark), now)


def measure(binary):
    demo = subprocess.Popen([binary, "demo", "--keep"], stdout=subprocess.PIPE, text=True)
    try:
        for line in demo.stdout:
            path = re.search(r"KUBECONFIG=(\S+)", line)
            if path:
                return edits(Server(path[1]))
        raise SystemExit("the demo ended without a cluster")
    finally:
        demo.terminate()
        demo.wait()


def edits(server):
    source = server.call("GET", f"{COLLECTION}/image-classifier")
    names = [f"bench-{number:02d}" for number in range(APPS)]
    spec = {**source["spec"], "interval": "1h"}
    for name in names:
        kind = {"apiVersion": source["apiVersion"], "kind": source["kind"]}
        server.call("POST", COLLECTION, {**kind, "metadata": {"name": name}, "spec": spec})
    ready(server, names)
    # One more that nobody looks at, so that the PATCH that changes nothing is alone.
    idle = []
    for _ in range(500):
        start = time.monotonic()
        server.merge("image-classifier", {})
        idle.append(time.monotonic() - start)
    writes = Writes(server)
    writes.start()
    sent = {}
    begin = time.monotonic()
    for number in range(EVENTS):
        pause = begin + number / RATE - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        sent[number] = time.monotonic()
        service = {"annotations": {"bench/edit": str(number)}}
        server.merge(names[number % APPS], {"spec": {"target": {"service": service}}})
    end = time.monotonic() + 30
    while len(writes.seen) < EVENTS and time.monotonic() < end:
        time.sleep(0.1)
    missing = EVENTS - len(writes.seen)
    if missing:
        raise SystemExit(f"{missing} of {EVENTS} edits led to no write within 30 s")
    times = sorted(writes.seen[number] - start for number, start in sent.items())
    return {
        "events": EVENTS,
        "empty_patch_ms": sorted(idle)[len(idle) // 2] * 1e3,
        "median_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
    }


def ready(server, names):
    end = time.monotonic() + 120
    waiting = set(names)
    while waiting:
        for item in server.call("GET", COLLECTION)["items"]:
            conditions = item.get("status", {}).get("conditions", [])
            if any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions):
                waiting.discard(item["metadata"]["name"])
        if time.monotonic() > end:
            raise SystemExit(f"not ready within 120 s: {sorted(waiting)[:5]}")
        time.sleep(0.2)
