"""A client of the API server, with the administrator's token of scripts/envtest."""
import json
import os
import threading
import time

import requests


class API:
    def __init__(self, folder):
        with open(os.path.join(folder, "server")) as file:
            self.server = file.read().strip()
        with open(os.path.join(folder, "admin.token")) as file:
            token = file.read().strip()
        self.closed = threading.Event()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.verify = os.path.join(folder, "ca.crt")
        self.session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=32))

    def get(self, path):
        return self.session.get(self.server + path, timeout=60)

    def create_yaml(self, path, document):
        return self.create(path, data=document, headers={"Content-Type": "application/yaml"})

    def create(self, path, document=None, **options):
        answer = self.session.post(self.server + path, json=document, timeout=60, **options)
        if answer.status_code >= 300:
            raise SystemExit(f"POST {path}: {answer.text}")
        return answer.json()

    def follow(self, path, see):
        """Calls `see` with every object of the collection, and again whenever it changes, on a thread of its own."""

        def watch():
            parameters = {"watch": "1", "resourceVersion": "0", "timeoutSeconds": "3600"}
            with self.session.get(self.server + path, params=parameters, stream=True, timeout=3700) as answer:
                for line in answer.iter_lines(chunk_size=1 << 16):
                    event = json.loads(line) if line else {}
                    if event.get("type") in ("ADDED", "MODIFIED"):
                        see(event["object"])

        def keep_watching():
            while not self.closed.is_set():
                try:
                    watch()
                except (OSError, ValueError):
                    time.sleep(0.2)  # a cut connection; the state is read anew

        threading.Thread(target=keep_watching, daemon=True).start()
