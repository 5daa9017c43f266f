"""A pod's volumes as folders of this machine."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api import JSON, Client
from environment import MissingReference, field, values
from host import CommandError
from images import Image

Files = dict[str, bytes]
PullImage = Callable[[str, str | None], Image]


class Volumes:
    """`sources` maps each volume's name to its folder once `prepare` has returned; `prepare` may be called again."""

    def __init__(self, client: Client, pod: JSON, node: JSON, folder: Path, pull: PullImage) -> None:
        self._client, self._pod, self._node, self._folder, self._pull = client, pod, node, folder, pull
        self._namespace = pod["metadata"]["namespace"]
        self.sources: dict[str, Path] = {}
        self.read_only: set[str] = set()

    def prepare(self) -> None:
        """Raises CommandError while something that a volume needs is missing."""
        for volume in self._pod["spec"].get("volumes") or []:
            name = volume["name"]
            if name not in self.sources:
                self.sources[name] = self._make(name, volume)

    def _make(self, name: str, volume: JSON) -> Path:
        if "image" in volume:
            self.read_only.add(name)
            return self._pull(volume["image"]["reference"], volume["image"].get("pullPolicy")).root
        if "hostPath" in volume:
            existing = Path(volume["hostPath"]["path"])
            if not existing.exists() and volume["hostPath"].get("type") == "DirectoryOrCreate":
                existing.mkdir(parents=True)
            return existing
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        if "emptyDir" in volume:
            folder.mkdir(parents=True)
            folder.chmod(0o777)  # as kubelet does
            group = (self._pod["spec"].get("securityContext") or {}).get("fsGroup")
            if group is not None:
                os.chown(folder, -1, group)
                folder.chmod(0o2777)
            return folder
        files, mode = self._files(volume)
        folder.mkdir(parents=True, mode=0o755)
        for path, content in files.items():
            target = folder / path
            if folder not in target.resolve().parents:
                raise CommandError(f"volume {name}: path {path} leads out of it")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(mode)
        self.read_only.add(name)
        return folder

    def _files(self, volume: JSON) -> tuple[Files, int]:
        for key in ("configMap", "secret", "downwardAPI", "projected"):
            if key in volume:
                source: JSON = volume[key] or {}
                parts: list[JSON] = source.get("sources") or [] if key == "projected" else [{key: source}]
                files: Files = {}
                for part in parts:
                    files |= self._part(part)
                return files, source.get("defaultMode", 0o644)
        raise CommandError(f"volume {volume['name']}: only emptyDir, configMap, secret, downwardAPI, projected, image and "
                           "hostPath volumes are provided by this node")

    def _part(self, part: JSON) -> Files:
        if "configMap" in part:
            return self._items(part["configMap"], values(self._client, self._namespace, "configmaps", part["configMap"]))
        if "secret" in part:
            secret: Any = part["secret"]  # named by secretName in a volume, by name in a projection
            name_key = "secretName" if "secretName" in secret else "name"
            return self._items(secret, values(self._client, self._namespace, "secrets", secret, name_key))
        if "downwardAPI" in part:
            return {item["path"]: field(self._pod, item["fieldRef"]["fieldPath"], self._node).encode()
                    for item in part["downwardAPI"].get("items") or [] if "fieldRef" in item}
        if "serviceAccountToken" in part:
            return {part["serviceAccountToken"]["path"]: self._token(part["serviceAccountToken"])}
        raise CommandError(f"unknown projection {', '.join(part)}")

    @staticmethod
    def _items(source: JSON, entries: Files | None) -> Files:
        if entries is None:
            return {}
        if not source.get("items"):
            return entries
        chosen = {}
        for item in source["items"]:
            if item["key"] in entries:
                chosen[item["path"]] = entries[item["key"]]
            elif not source.get("optional"):
                raise MissingReference(f'references non-existent key "{item["key"]}"')
        return chosen

    def _token(self, request: JSON) -> bytes:
        account = self._pod["spec"].get("serviceAccountName") or "default"
        spec: JSON = {"expirationSeconds": request.get("expirationSeconds", 3600)}
        if "audience" in request:
            spec["audiences"] = [request["audience"]]
        answer = self._client.request(
            "POST", f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
        return answer["status"]["token"].encode()


def registry_credentials(client: Client, pod: JSON) -> dict[str, Any]:
    """What the pod's imagePullSecrets hold, as the `auths` of a Docker configuration. Absent secrets are passed over,
    as kubelet does: the pull itself says whether they were needed."""
    auths: dict[str, Any] = {}
    for reference in pod["spec"].get("imagePullSecrets") or []:
        secret = client.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}/secrets/{reference['name']}") or {}
        data = secret.get("data") or {}
        try:
            if ".dockerconfigjson" in data:
                found = json.loads(base64.b64decode(data[".dockerconfigjson"])).get("auths") or {}
            else:
                found = json.loads(base64.b64decode(data.get(".dockercfg", "e30=")))
        except ValueError:
            continue
        for host, entry in found.items():
            if "auth" not in entry:
                pair = f"{entry.get('username', '')}:{entry.get('password', '')}"
                entry = {"auth": base64.b64encode(pair.encode()).decode()}
            auths.setdefault(host.removeprefix("https://").removesuffix("/v1/").rstrip("/"), {"auth": entry["auth"]})
    return auths
