"""Releases in pods that really run: the operator's own image fetches the model in an init container, a small server
answers with its code and its model, and a client that never repeats a request sees no failure while they change.

Needs what scripts/test provides: MODELAPP_TEST_KUBECONFIG with a node (MODELAPP_TEST_NODE), MODELAPP_TEST_REGISTRY,
MODELAPP_TEST_S3 and the debug program.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "node"))
sys.dont_write_bytecode = True

import image  # noqa: E402
from api import Client  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from load import Answer, Load  # noqa: E402
from test_fetch import certificate  # noqa: E402
from test_image import assemble  # noqa: E402

PROGRAM = ROOT / ".build/debug/modelapp"
KUBECONFIG = os.environ.get("MODELAPP_TEST_KUBECONFIG", "")
PREFIX = os.environ.get("MODELAPP_TEST_NODE", "")
REGISTRY = os.environ.get("MODELAPP_TEST_REGISTRY", "")
S3 = os.environ.get("MODELAPP_TEST_S3", "")
# Reads its model once, as model servers do. Asked to end, it says that it is not ready and serves for 5 s more.
SERVER = """
mkdir /tmp/www && echo "code $CODE model $(cat $MODEL_PATH/weights.txt)" >/tmp/www/index.html && touch /tmp/www/ready
httpd -f -p 8080 -h /tmp/www & server=$!
trap 'rm /tmp/www/ready; sleep 5; kill $server; exit 0' TERM
wait
"""


def eventually(what: str, check: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := check():
            return seen
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@unittest.skipUnless(KUBECONFIG and PREFIX and REGISTRY and S3, "no control plane with a node: run by scripts/test")
class RealPods(unittest.TestCase):
    def setUp(self) -> None:
        import boto3
        from botocore.config import Config

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.client = Client.from_kubeconfig(KUBECONFIG, None)
        self.namespace = f"{PREFIX}release-{uuid.uuid4().hex[:6]}"
        self.repository = f"{self.namespace}/app"
        self.s3: Any = boto3.client(
            "s3", endpoint_url=S3, region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
            aws_access_key_id="testing", aws_secret_access_key="testing")
        self.s3.create_bucket(Bucket=self.namespace)
        # Pods cannot reach this machine's loopback: the store is served to them at the node's address, by TLS with an
        # authority that only the ModelApp knows.
        node = self.client.request("GET", "/api/v1/nodes")["items"][0]
        address = next(item["address"] for item in node["status"]["addresses"] if item["type"] == "InternalIP")
        self.authority = certificate(self.folder, address)
        self.store = Forwarder(S3.removeprefix("http://"), host=address, certificate=self.authority)
        self.addCleanup(self.store.__exit__, None, None, None)
        self.fetch_image = self.push_operator()
        self.prepare_cluster()

    def push_operator(self) -> str:
        assemble(self.folder / "image")
        name = f"{REGISTRY}/{self.namespace}/modelapp:test"
        subprocess.run(["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
                        f"oci:{self.folder / 'image'}:test", f"docker://{name}"], check=True)
        return name

    def prepare_cluster(self) -> None:
        definition = subprocess.run([PROGRAM, "crd"], check=True, capture_output=True).stdout
        # Servers before 1.23 do not know CEL rules: kubectl and apply refuse what is not in the schema, create drops it.
        known = self.client.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modelapps.modelapp.dev")
        self.kubectl("replace" if known else "create", "--validate=false", "-f", "-", data=definition)
        eventually("ModelApps are served", lambda: self.client.get("/apis/modelapp.dev/v1alpha1"))
        self.kubectl("create", "namespace", self.namespace)
        self.addCleanup(self.kubectl, "delete", "namespace", self.namespace, "--wait=false")
        eventually("the default account", lambda: "default" in self.kubectl("get", "serviceaccounts"))
        encoded = base64.b64encode(b"testing").decode()
        pem = base64.b64encode(Path(self.authority[0]).read_bytes()).decode()
        for name, data in {"store-keys": {"AWS_ACCESS_KEY_ID": encoded, "AWS_SECRET_ACCESS_KEY": encoded},
                           "store-ca": {"ca.crt": pem}}.items():
            self.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data})

    def kubectl(self, *arguments: str, data: bytes | None = None) -> str:
        done = subprocess.run(["kubectl", f"--kubeconfig={KUBECONFIG}", "-n", self.namespace, *arguments],
                              input=data, capture_output=True)
        if done.returncode:
            raise AssertionError(done.stderr.decode())
        return done.stdout.decode()

    def apply(self, body: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", data=json.dumps(body).encode())

    # The two halves

    def push_code(self, build: str) -> None:
        busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
        applets = ("sh", "httpd", "mkdir", "cat", "echo", "touch", "rm", "sleep", "kill")
        files: dict[str, bytes | str] = {"bin/busybox": busybox, "tmp/.keep": b""}
        files |= {f"bin/{applet}": "busybox" for applet in applets}
        image.push(REGISTRY, self.repository, build, [image.layer(files)],
                   {"Cmd": ["/bin/sh", "-c", SERVER], "Env": [f"CODE={build}", "PATH=/bin"]})

    def upload_model(self, version: str, weights: str = "") -> None:
        for name, content in {"weights.txt": weights or version, "labels/en.txt": "cat", "DONE": ""}.items():
            self.s3.put_object(Bucket=self.namespace, Key=f"resnet/{version}/{name}", Body=content.encode())

    def create_app(self) -> None:
        self.apply({
            "apiVersion": "modelapp.dev/v1alpha1", "kind": "ModelApp", "metadata": {"name": "app"},
            "spec": {
                "interval": "1s",
                "code": {"image": f"{REGISTRY}/{self.repository}", "select": {"numerical": {}},
                         "tls": {"plainHTTP": True}},
                "model": {"s3": {"bucket": self.namespace, "prefix": "resnet/", "endpoint": f"https://{self.store.address}"},
                          "versions": {"select": {"numerical": {}}}, "complete": {"marker": "DONE"},
                          "auth": {"secretRef": {"name": "store-keys"}},
                          "tls": {"caSecretRef": {"name": "store-ca"}}},
                "delivery": {"mode": "InitContainer", "fetch": {"sizeLimit": "10Mi"}},
                "target": {
                    "own": {"replicas": 2, "maxSurge": 1, "maxUnavailable": 0, "minReadySeconds": 1, "template": {"spec": {
                        "terminationGracePeriodSeconds": 20,
                        "containers": [{"name": "web", "ports": [{"containerPort": 8080}], "readinessProbe": {
                            "httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1}}]}}},
                    "service": {"ports": [{"port": 80, "targetPort": 8080}]},
                },
            },
        })

    def start_operator(self) -> subprocess.Popen[bytes]:
        log = open(self.folder / "operator.log", "ab")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [PROGRAM, "operator", f"--kubeconfig={KUBECONFIG}", "--namespace", self.namespace, "--fetch-image",
             self.fetch_image, "--allow-endpoint", REGISTRY.rpartition(":")[0], "--allow-endpoint", self.store.address],
            stdout=log, stderr=log)
        self.addCleanup(self.end_operator, process)
        return process

    @staticmethod
    def end_operator(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait(30)

    # What is seen

    def pods(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", "-o", "json"))["items"]
        return items

    def generation(self) -> int:
        number: int = json.loads(self.kubectl("get", "deployment", "app", "-o", "json"))["metadata"]["generation"]
        return number

    def runs(self, code: str, model: str) -> bool:
        """Whether the ModelApp says that this pair has converged, and no pod of another is left."""
        path = f"/apis/modelapp.dev/v1alpha1/namespaces/{self.namespace}/modelapps/app"
        status = self.client.request("GET", path).get("status") or {}
        current = (status.get("release") or {}).get("current") or {}
        ready = next((item["status"] for item in status.get("conditions") or [] if item["type"] == "Ready"), "")
        return (ready == "True" and current.get("code", {}).get("tag") == code
                and current.get("model", {}).get("version") == model and len(self.pods()) == 2)

    def converges(self, code: str, model: str, seconds: float = 90) -> None:
        try:
            eventually(f"code {code} with model {model}", lambda: self.runs(code, model), seconds)
        except AssertionError:
            print(self.kubectl("get", "modelapp", "app", "-o", "yaml"), self.kubectl("get", "pods", "-o", "yaml"),
                  (self.folder / "operator.log").read_text(), file=sys.stderr)
            raise

    def assert_unbroken(self, answers: list[Answer], first: str, last: str) -> None:
        self.assertEqual([answer for answer in answers if answer.error], [])
        texts = [answer.text for answer in answers]
        self.assertGreater(len(texts), 200)
        self.assertEqual((texts[0], texts[-1]), (first, last))
        self.assertLessEqual({*texts}, {first, last})

    def release(self, load: Load, change: Callable[[], None], code: str, model: str, before: str) -> None:
        """Makes a change, and demands that its release breaks no request."""
        start, generation = len(load.answers), self.generation()
        change()
        self.converges(code, model)
        # The client learns last; and the bar is more than 200 requests for each change.
        answer = f"code {code} model {model}"
        eventually("enough requests, the last ten by the new release", lambda: len(load.answers) - start > 210 and all(
            seen.text == answer for seen in load.answers[-10:]))
        self.assertEqual(self.generation(), generation + 1, "one write of the Deployment for a release")
        answers = load.answers[start:]
        print(f"{before} -> {answer}: {len(answers)} requests, {sum(bool(seen.error) for seen in answers)} failed",
              file=sys.stderr)
        self.assert_unbroken(answers, before, answer)

    def test_a_new_model_and_new_code_break_no_request_and_overwritten_bytes_reach_no_pod(self) -> None:
        self.push_code("1")
        self.upload_model("1")
        operator = self.start_operator()
        self.create_app()
        self.converges("1", "1", 120)
        self.assert_fetched()
        load = Load(self.client, self.namespace, "app", 8080, rate=20)
        self.addCleanup(load.end)
        eventually("both addresses", lambda: len(load.addresses) == 2)
        load.start()
        eventually("an answer", lambda: load.answers)
        self.release(load, lambda: self.upload_model("2"), "1", "2", before="code 1 model 1")
        self.release(load, lambda: self.push_code("2"), "2", "2", before="code 1 model 2")
        self.end_operator(operator)
        self.assertEqual(operator.returncode, 0)
        self.overwritten_bytes_reach_no_pod(load)
        said = (self.folder / "operator.log").read_text()
        self.assertNotIn("testing", said, "the store's keys are in no log")

    def assert_fetched(self) -> None:
        """The code's container sees the model whole and cannot change it; the keys are the init container's alone."""
        pod = self.pods()[0]
        self.assertEqual([item["name"] for item in pod["spec"]["initContainers"]], ["modelapp-fetch"])
        web = pod["spec"]["containers"][0]
        self.assertNotIn("envFrom", web)
        mount = next(item for item in web["volumeMounts"] if item["name"] == "modelapp-model")
        self.assertEqual((mount["mountPath"], mount["subPath"], mount["readOnly"]), ("/models", "model", True))
        if logs := os.environ.get("MODELAPP_TEST_NODE_LOGS"):
            said = (Path(logs) / self.namespace / pod["metadata"]["name"] / "modelapp-fetch.log").read_text()
            self.assertIn("fetching 1: 2 files, 4 B\n", said)
            self.assertIn("complete: /modelapp/model holds ", said)

    def overwritten_bytes_reach_no_pod(self, load: Load) -> None:
        """Without the operator, a pod that is made anew waits for the bytes of its release and takes no others."""
        start = len(load.answers)
        self.upload_model("2", weights="newer")
        gone = self.pods()[0]["metadata"]["name"]
        self.kubectl("delete", "pod", gone, "--wait=false")

        def message() -> str:
            for pod in self.pods():
                for status in pod["status"].get("initContainerStatuses") or []:
                    ended = (status.get("lastState") or {}).get("terminated") or {}
                    if pod["metadata"]["name"] != gone and ended.get("exitCode"):
                        return str(ended["message"])
            return ""

        said = eventually("the new pod's init container fails", message)
        self.assertTrue(said.startswith("ModelBytesGone: the store holds etag:"), said)
        eventually("more requests", lambda: len(load.answers) - start > 210)
        self.assert_unbroken(load.answers[start:], "code 2 model 2", "code 2 model 2")
        self.upload_model("2")
        eventually("the pod goes on with the old bytes", lambda: len(load.addresses) == 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
