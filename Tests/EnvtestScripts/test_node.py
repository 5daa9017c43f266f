"""The node of scripts/node against a real API server: what a pod says, it does.

Needs MODELAPP_TEST_KUBECONFIG with a node running for namespaces that begin with MODELAPP_TEST_NODE, and
MODELAPP_TEST_REGISTRY; scripts/test provides all three.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "node"))
sys.dont_write_bytecode = True

import image  # noqa: E402
from container import BackOff  # noqa: E402
from environment import expand  # noqa: E402
from host import Host  # noqa: E402
from images import UNPACK, ImageStore, split  # noqa: E402
from pod import Pod  # noqa: E402

KUBECONFIG = os.environ.get("MODELAPP_TEST_KUBECONFIG", "")
REGISTRY = os.environ.get("MODELAPP_TEST_REGISTRY", "")
PREFIX = os.environ.get("MODELAPP_TEST_NODE", "")
BUSYBOX = f"{REGISTRY}/node-test/busybox:1"


def eventually(what: str, check: Callable[[], Any], seconds: float = 60) -> Any:
    deadline, seen = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        if seen := check():
            return seen
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def container(script: str, **more: Any) -> dict[str, Any]:
    return {"name": "main", "image": BUSYBOX, "command": ["sh", "-c", script], **more}


class Rules(unittest.TestCase):
    def test_variables_are_expanded_as_kubernetes_does(self) -> None:
        known = {"A": "1", "B": "$(A)"}
        for text, want in {"$(A)-$(B)": "1-$(A)", "$(C)": "$(C)", "$$(A)": "$(A)", "$A": "$A", "$(A": "$(A"}.items():
            self.assertEqual(expand(text, known), want)

    def test_references_are_completed(self) -> None:
        for text, want in {
            "busybox": ("docker.io/library/busybox", "latest", ""),
            "a/b:1": ("docker.io/a/b", "1", ""),
            "localhost:5000/a": ("localhost:5000/a", "latest", ""),
            "r.io:5000/a:v1@sha256:00": ("r.io:5000/a", "v1", "@sha256:00"),
        }.items():
            self.assertEqual(split(text), want)


class Layers(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("zstd"), "chroot is for root, and zstd is missing")
    def test_every_compression_is_unpacked(self) -> None:
        plain = gzip.decompress(image.layer({"opt/a": b"content", "opt/link": "/etc/passwd"}))
        zstd = subprocess.run(["zstd", "-qc"], input=plain, capture_output=True, check=True).stdout
        for blob in (plain, gzip.compress(plain), zstd):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder) / "root"
                root.mkdir()
                (Path(folder) / "blob").write_bytes(blob)
                subprocess.run([sys.executable, UNPACK, Path(folder) / "blob", root], check=True)
                self.assertEqual((root / "opt/a").read_bytes(), b"content")
                self.assertEqual(os.readlink(root / "opt/link"), "/etc/passwd")


class Recorder:
    """Stands for the API server where the real one is too old to know a field; keeps the last status."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}

    def get(self, path: str) -> None:
        return None

    def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.status = body["status"]
        return {}

    def request(self, *_: Any) -> dict[str, Any]:
        return {}


@unittest.skipUnless(REGISTRY and os.geteuid() == 0, "no MODELAPP_TEST_REGISTRY, or not root")
class NewerFields(unittest.TestCase):
    def test_sidecars_start_before_and_end_after_and_an_image_can_be_a_volume(self) -> None:
        digest = image.push_busybox(REGISTRY, "node-test/busybox", "1")
        host, client = Host(), Recorder()
        self.addCleanup(host.close)
        shared = [{"name": "shared", "mountPath": "/shared"}]
        body = {
            "metadata": {"name": "p", "namespace": "n", "uid": str(uuid.uuid4())},
            "spec": {
                "restartPolicy": "Never", "terminationGracePeriodSeconds": 5,
                "volumes": [{"name": "shared", "emptyDir": {}},
                            {"name": "model", "image": {"reference": BUSYBOX.replace(":1", f":1@{digest}")}}],
                "initContainers": [
                    {**container("touch /tmp/up /shared/sidecar; trap 'exit 0' TERM; while :; do sleep 0.1; done"),
                     "name": "sidecar", "restartPolicy": "Always", "volumeMounts": shared,
                     "startupProbe": {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1}},
                    {**container("test -e /shared/sidecar"), "name": "after", "volumeMounts": shared},
                ],
                "containers": [container("cat /model/opt/new; touch /model/opt/x && exit 9; exit 0", volumeMounts=[
                    *shared, {"name": "model", "mountPath": "/model"}])],
            },
        }
        with tempfile.TemporaryDirectory() as logs:
            pod = Pod(client, host, ImageStore(host.folder / "images"), body, "node", Path(logs), BackOff(0.1, 1), lambda *_: None)
            pod.start()
            eventually("pod succeeded", lambda: client.status.get("phase") == "Succeeded")
            said = (Path(logs) / "n/p/main.log").read_text().splitlines()
            self.assertIn("new", said)
            self.assertIn("touch: /model/opt/x: Read-only file system", said)
        sidecar, after = client.status["initContainerStatuses"]
        self.assertEqual(sidecar["state"]["terminated"]["exitCode"], 0)
        self.assertEqual(sidecar["restartCount"], 0)
        self.assertEqual(after["state"]["terminated"]["exitCode"], 0)
        pod.abandon()
        pod.join(10)


@unittest.skipUnless(KUBECONFIG and REGISTRY and PREFIX, "no control plane with a node: run by scripts/test")
class RealPods(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.digest = image.push_busybox(REGISTRY, "node-test/busybox", "1")
        cls.namespace = f"{PREFIX}node-{uuid.uuid4().hex[:6]}"
        kubectl("create", "namespace", cls.namespace)
        eventually("the default account", lambda: "default" in kubectl("-n", cls.namespace, "get", "serviceaccounts"))
        time.sleep(0.2)

    @classmethod
    def tearDownClass(cls) -> None:
        kubectl("delete", "namespace", cls.namespace, "--wait=false")

    def apply(self, kind: str, name: str, spec: dict[str, Any], version: str = "v1", **more: Any) -> None:
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **({"spec": spec} if spec else {}), **more}
        eventually(f"{kind} {name} admitted", lambda: self.try_apply(body), 20)

    def try_apply(self, body: dict[str, Any]) -> bool:
        done = subprocess.run(["kubectl", f"--kubeconfig={KUBECONFIG}", "-n", self.namespace, "apply", "-f", "-"],
                              input=json.dumps(body).encode(), capture_output=True)
        if done.returncode and b"no API token found" not in done.stderr:  # the account's token is still being made
            raise AssertionError(done.stderr.decode())
        return done.returncode == 0

    def pods(self, label: str = "") -> list[dict[str, Any]]:
        return json.loads(kubectl("-n", self.namespace, "get", "pods", "-o", "json", f"--selector={label}"))["items"]

    def pod(self, name: str) -> dict[str, Any]:
        return next((pod for pod in self.pods() if pod["metadata"]["name"] == name), {})

    def state(self, name: str, kind: str = "containerStatuses") -> dict[str, Any]:
        return (self.pod(name).get("status", {}).get(kind) or [{}])[0]

    def run_pod(self, name: str, script: str, policy: str = "Always", **spec: Any) -> None:
        self.apply("Pod", name, {"restartPolicy": policy, "containers": [container(script)], **spec})

    def test_a_deployment_becomes_available_and_serves(self) -> None:
        self.apply("ConfigMap", "settings", {}, data={"greeting": "hello", "page.html": "from a file"})
        self.apply("Secret", "key", {}, stringData={"word": "hush"})
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {
            "terminationGracePeriodSeconds": 1,
            "volumes": [{"name": "site", "emptyDir": {}}, {"name": "files", "projected": {"sources": [
                {"configMap": {"name": "settings", "items": [{"key": "page.html", "path": "sub/page.html"}]}}]}}],
            "initContainers": [{**container('echo "$GREETING $WORD $(NAME) $FROM_IMAGE" >/site/index.html; cat '
                                            "/files/sub/page.html >>/site/index.html"), "name": "init",
                                "env": [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                                        {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "key", "key": "word"}}},
                                        {"name": "GREETING", "value": "$(greeting)!"}],
                                "envFrom": [{"configMapRef": {"name": "settings"}}],
                                "volumeMounts": [{"name": "site", "mountPath": "/site"},
                                                 {"name": "files", "mountPath": "/files"}]}],
            "containers": [container("exec httpd -f -p 8080 -h /site", ports=[{"name": "http", "containerPort": 8080}],
                                     readinessProbe={"httpGet": {"port": "http", "path": "/index.html"}, "periodSeconds": 1},
                                     volumeMounts=[{"name": "site", "mountPath": "/site"}])]}}
        self.apply("Deployment", "web", {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                                         "template": template}, "apps/v1")
        kubectl("-n", self.namespace, "rollout", "status", "deployment/web", "--timeout=60s")
        first = self.pods("app=web")
        self.assertEqual(len({pod["status"]["podIP"] for pod in first}), 2)
        for pod in first:
            with urllib.request.urlopen(f"http://{pod['status']['podIP']}:8080/index.html", timeout=5) as answer:
                text = answer.read().decode()
            self.assertEqual(text, f"hello! hush {self.namespace} yes\nfrom a file")
            self.assertTrue(pod["status"]["containerStatuses"][0]["imageID"].endswith(self.digest))
        template["metadata"]["annotations"] = {"revision": "2"}
        self.apply("Deployment", "web", {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                                         "template": template}, "apps/v1")
        kubectl("-n", self.namespace, "rollout", "status", "deployment/web", "--timeout=60s")
        kubectl("-n", self.namespace, "delete", "deployment", "web")
        eventually("the pods are gone", lambda: not self.pods("app=web"), 90)

    def test_exit_codes_decide_the_phase(self) -> None:
        self.run_pod("good", "exit 0", "Never")
        self.run_pod("bad", "exit 3", "Never")
        eventually("good succeeded", lambda: self.pod("good")["status"]["phase"] == "Succeeded")
        eventually("bad failed", lambda: self.pod("bad")["status"]["phase"] == "Failed")
        self.assertEqual(self.state("bad")["state"]["terminated"]["exitCode"], 3)

    def test_a_job_is_tried_again_until_it_succeeds(self) -> None:
        volume = {"name": "memory", "emptyDir": {}}
        script = "test -e /memory/x || { touch /memory/x; exit 1; }"
        self.apply("Job", "once-more", {"backoffLimit": 4, "template": {"spec": {
            "restartPolicy": "OnFailure", "volumes": [volume],
            "containers": [container(script, volumeMounts=[{"name": "memory", "mountPath": "/memory"}])]}}}, "batch/v1")
        kubectl("-n", self.namespace, "wait", "--for=condition=Complete", "job/once-more", "--timeout=60s")
        [pod] = self.pods("job-name=once-more")
        self.assertEqual(pod["status"]["containerStatuses"][0]["restartCount"], 1)

    def test_an_init_container_that_fails_is_restarted_and_holds_the_pod_back(self) -> None:
        script = "test -e /memory/2 && exit 0; test -e /memory/1 && touch /memory/2; touch /memory/1; exit 7"
        init = {**container(script, volumeMounts=[{"name": "memory", "mountPath": "/memory"}]), "name": "init"}
        self.run_pod("patient", "sleep 3600", volumes=[{"name": "memory", "emptyDir": {}}], initContainers=[init],
                     terminationGracePeriodSeconds=0)
        eventually("the init container waits", lambda: self.state("patient", "initContainerStatuses").get(
            "state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff")
        self.assertEqual(self.pod("patient")["status"]["phase"], "Pending")
        eventually("patient runs", lambda: self.pod("patient")["status"]["phase"] == "Running")
        self.assertEqual(self.state("patient", "initContainerStatuses")["restartCount"], 2)

    def test_a_failing_liveness_probe_restarts_the_container(self) -> None:
        probe = {"exec": {"command": ["test", "-e", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1,
                 "initialDelaySeconds": 1}
        self.apply("Pod", "ill", {"terminationGracePeriodSeconds": 1, "containers": [
            container("sleep 3600", livenessProbe=probe)]})
        eventually("a restart", lambda: self.state("ill").get("restartCount", 0) >= 1)
        self.assertEqual(self.state("ill")["lastState"]["terminated"]["exitCode"], 137)

    def test_an_image_that_appears_later_is_pulled_then(self) -> None:
        self.apply("Pod", "early", {"terminationGracePeriodSeconds": 0, "containers": [
            {**container("sleep 3600"), "image": f"{REGISTRY}/node-test/late:1"}]})
        eventually("the pull fails", lambda: self.state("early").get("state", {}).get("waiting", {}).get(
            "reason") in ("ErrImagePull", "ImagePullBackOff"))
        image.push_busybox(REGISTRY, "node-test/late", "1")
        eventually("it runs", lambda: "running" in self.state("early")["state"])
        self.assertEqual(self.state("early")["restartCount"], 0)

    def test_a_missing_command_is_a_start_error(self) -> None:
        self.apply("Pod", "typo", {"restartPolicy": "Never", "containers": [
            {"name": "main", "image": BUSYBOX, "command": ["no-such-program"]}]})
        eventually("it failed", lambda: self.pod("typo")["status"]["phase"] == "Failed")
        self.assertEqual(self.state("typo")["state"]["terminated"]["reason"], "StartError")

    def test_termination_lets_a_container_finish_within_its_grace(self) -> None:
        hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo hook >/proc/1/fd/1"]}}}
        script = "trap 'sleep 0.5; echo ended in peace; exit 0' TERM; while :; do sleep 0.1; done"
        self.apply("Pod", "graceful", {"terminationGracePeriodSeconds": 20, "containers": [
            container(script, lifecycle=hook)]})
        eventually("it runs", lambda: "running" in self.state("graceful").get("state", {}))
        time.sleep(0.5)
        start = time.monotonic()
        kubectl("-n", self.namespace, "delete", "pod", "graceful", "--wait=true")
        self.assertLess(time.monotonic() - start, 15)
        if logs := os.environ.get("MODELAPP_TEST_NODE_LOGS"):
            said = (Path(logs) / self.namespace / "graceful" / "main.log").read_text()
            self.assertEqual(said.splitlines(), ["hook", "ended in peace"])

    def test_layers_hide_what_they_whiteout_and_links_do_not_lead_out(self) -> None:
        self.apply("Pod", "layers", {"restartPolicy": "Never", "securityContext": {"runAsUser": 1234}, "containers": [
            container("test ! -e /etc/hidden && test ! -e /opt/old && test -e /opt/new && test -e /etc/through-link && "
                      "test $(id -u) = 1234")]})
        eventually("it ended", lambda: self.pod("layers")["status"]["phase"] in ("Succeeded", "Failed"))
        self.assertEqual(self.pod("layers")["status"]["phase"], "Succeeded")
        self.assertFalse(Path("/etc/through-link").exists())


def kubectl(*arguments: str) -> str:
    done = subprocess.run(["kubectl", f"--kubeconfig={KUBECONFIG}", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    unittest.main(verbosity=2)
