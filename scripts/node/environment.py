"""What a container's variables are: literal values, references to other objects, and `$(NAME)` expansion."""

from __future__ import annotations

import base64
import re
from typing import Any

from api import JSON, Client
from host import CommandError

REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


class MissingReference(CommandError):
    """A ConfigMap, a Secret or a key in one that is not there (yet), and was not marked optional."""


def expand(text: str, variables: dict[str, str]) -> str:
    """Kubernetes' rule: `$(NAME)` of a known variable is replaced, of an unknown one stays, `$$` is a dollar."""
    return REFERENCE.sub(lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), text)


def values(client: Client, namespace: str, kind: str, reference: JSON, name_key: str = "name") -> dict[str, bytes] | None:
    """All entries of a ConfigMap or a Secret; None where it is absent and optional."""
    name = reference.get(name_key, "")
    found = client.get(f"/api/v1/namespaces/{namespace}/{kind}/{name}")
    if found is None:
        if reference.get("optional"):
            return None
        raise MissingReference(f'{kind[:-1]} "{name}" not found')
    if kind == "secrets":
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    entries = {key: value.encode() for key, value in (found.get("data") or {}).items()}
    return entries | {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}


def field(pod: JSON, path: str, node: JSON) -> str:
    """A downward API field. `node` has what the pod object does not say yet: name and addresses."""
    if keyed := re.fullmatch(r"metadata\.(labels|annotations)\['(.*)'\]", path):
        return pod["metadata"].get(keyed[1], {}).get(keyed[2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        entries = pod["metadata"].get(path.split(".")[1], {})
        return "\n".join(f'{key}="{value}"' for key, value in sorted(entries.items()))
    known = {"spec.nodeName": node["name"], "status.hostIP": node["host"], "status.podIP": node["address"],
             "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default")}
    known |= {f"metadata.{key}": pod["metadata"].get(key, "") for key in ("name", "namespace", "uid")}
    return known.get(path, "")


def environment(client: Client, pod: JSON, container: JSON, base: list[str], node: JSON) -> dict[str, str]:
    """The image's variables, then envFrom, then env; later ones win and may refer to earlier ones."""
    namespace = pod["metadata"]["namespace"]
    result = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": pod["metadata"]["name"]}
    result.update({name: value for name, _, value in (entry.partition("=") for entry in base)})
    for source in container.get("envFrom") or []:
        for key, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if key in source:
                entries = values(client, namespace, kind, source[key]) or {}
                result.update({source.get("prefix", "") + name: value.decode() for name, value in entries.items()})
    for variable in container.get("env") or []:
        value = _value(client, pod, container, variable, node)
        if value is not None:
            result[variable["name"]] = expand(value, result) if "valueFrom" not in variable else value
    return result


def _value(client: Client, pod: JSON, container: JSON, variable: JSON, node: JSON) -> str | None:
    source: dict[str, Any] = variable.get("valueFrom") or {}
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"], node)
    if "resourceFieldRef" in source:
        group, _, name = source["resourceFieldRef"]["resource"].partition(".")
        return str(container.get("resources", {}).get(group, {}).get(name, "0"))
    for key, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if key in source:
            entries = values(client, pod["metadata"]["namespace"], kind, source[key])
            if entries is not None and source[key]["key"] in entries:
                return entries[source[key]["key"]].decode()
            if source[key].get("optional"):
                return None
            raise MissingReference(f'key "{source[key]["key"]}" not found in {kind[:-1]} "{source[key]["name"]}"')
    return variable.get("value", "")
