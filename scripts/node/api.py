"""A small client of the Kubernetes API on the standard library alone."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
MERGE_PATCH = "application/merge-patch+json"


class APIError(Exception):
    """An answer other than success: `code` is the HTTP status, `reason` the API's own."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.reason = code, reason


class Client:
    """Safe to use from many threads: each has a connection of its own. A server that cannot be reached is an OSError."""

    def __init__(self, server: str, context: ssl.SSLContext | None, token: str | None) -> None:
        self._server = urllib.parse.urlsplit(server)
        self._context = context
        self._headers = {"Accept": "application/json", "User-Agent": "modelapp-test-node"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._local = threading.local()

    @classmethod
    def from_kubeconfig(cls, path: str | None, server: str | None) -> Client:
        """Reads the current context through kubectl, which knows every form a kubeconfig can take; exec plug-ins are
        not run. `server` takes the place of the cluster's address."""
        command = ["kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json"]
        shown = subprocess.run(command + ([f"--kubeconfig={path}"] if path else []), check=True, capture_output=True)
        config = json.loads(shown.stdout)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0].get("user") or {}
        server = server or cluster["server"]
        token = user.get("token") or (Path(user["tokenFile"]).read_text().strip() if "tokenFile" in user else None)
        if not server.startswith("https:"):
            return cls(server, None, token)
        authority = cluster.get("certificate-authority-data")
        context = ssl.create_default_context(cadata=base64.b64decode(authority).decode() if authority else None)
        if cluster.get("insecure-skip-tls-verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pair:  # the ssl module takes certificates from files only
                for part in ("client-certificate-data", "client-key-data"):
                    pair.write(base64.b64decode(user[part]) + b"\n")
                pair.flush()
                context.load_cert_chain(pair.name)
        return cls(server, context, token)

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> JSON:
        """One call. A connection that the server closed while it was idle is opened again, once."""
        for fresh in (False, True):
            connection = None if fresh else getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect(timeout=30)
            elif connection.sock is None:
                continue
            try:
                response = self._send(connection, method, path, body, content_type)
                data = response.read()
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                if fresh:
                    raise ConnectionError(f"{method} {path}: {error!r}") from error
                continue
            return self._decode(response.status, data)
        raise AssertionError("unreachable")

    def get(self, path: str) -> JSON | None:
        """None where there is no such object."""
        try:
            return self.request("GET", path)
        except APIError as error:
            if error.code == 404:
                return None
            raise

    def merge_patch(self, path: str, body: JSON) -> JSON:
        return self.request("PATCH", path, body, MERGE_PATCH)

    def watch(self, path: str, resource_version: str, seconds: int = 300) -> Iterator[JSON]:
        """Events since `resource_version`, until the server ends the watch. An ERROR event is raised."""
        query = {"watch": "true", "resourceVersion": resource_version, "timeoutSeconds": str(seconds),
                 "allowWatchBookmarks": "true"}
        connection = self._connect(timeout=seconds + 30)
        try:
            response = self._send(connection, "GET", f"{path}?{urllib.parse.urlencode(query)}", None, "")
            if response.status != 200:
                self._decode(response.status, response.read())
            while line := response.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    self._decode(event["object"].get("code", 500), json.dumps(event["object"]).encode())
                yield event
        except http.client.HTTPException as error:
            raise ConnectionError(f"watch {path}: {error!r}") from error
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._server.hostname or "localhost", self._server.port
        if self._context:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any, content_type: str
    ) -> http.client.HTTPResponse:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = content_type
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, self._server.path.rstrip("/") + path, body=data, headers=headers)
        return connection.getresponse()

    @staticmethod
    def _decode(status: int, data: bytes) -> JSON:
        try:
            content = json.loads(data) if data else {}
        except ValueError:
            content = {"message": data[:200].decode(errors="replace")}
        if status >= 300:
            raise APIError(status, content.get("reason", ""), content.get("message", ""))
        return content
