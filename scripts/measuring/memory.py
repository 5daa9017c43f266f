"""Resident memory of the operator with nothing and with 10,000 ModelApps and Deployments stored."""
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request

from .process import Processes, ProcessTree

OBJECTS = 10_000
# How long the resident size has to stand still, and how long it may take to.
STILL, LIMIT = 5, 180


def measure(binary, benchmarks):
    idle, _ = resident(binary, benchmarks, 0)
    filled, peak = resident(binary, benchmarks, OBJECTS)
    return {
        "idle_mb": idle / 1e6,
        "filled_mb": filled / 1e6,
        "peak_mb": peak / 1e6,
        "kilobytes_an_app": (filled - idle) / OBJECTS / 1e3,
    }


def resident(binary, benchmarks, objects):
    """Resident bytes of an operator that holds so many objects of each kind, once it is at rest, and their peak."""
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes(folder)
        server = subprocess.Popen([benchmarks, "serve", str(objects)], stdout=subprocess.PIPE, text=True)
        try:
            path = os.path.join(folder, "kubeconfig")
            with open(path, "w") as file:
                json.dump(json.loads(server.stdout.readline()), file)
            environment = dict(os.environ, KUBECONFIG=path)
            port = free_port()
            command = [binary, "operator", "--log-level", "error", "--health-address", f"127.0.0.1:{port}"]
            tree = ProcessTree(processes.start("operator", command, environment))
            # One that still waits for its lists is at rest too.
            tree.wait(lambda: is_ready(port), LIMIT, "everything is stored")
            return at_rest(tree), tree.peak
        finally:
            processes.end()
            server.kill()
            server.wait()


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def at_rest(tree):
    end = time.monotonic() + LIMIT
    used, since = -1.0, time.monotonic()
    while time.monotonic() < end:
        cpu, size = tree.usage()
        if tree.child.poll() is not None:
            with open(tree.child.log) as log:
                raise SystemExit(f"the operator ended with {tree.child.returncode}: {log.read()[-2000:]}")
        # CPU tells it: what works is not at rest, whatever its size.
        if cpu - used > 0.05:
            used, since = cpu, time.monotonic()
        if time.monotonic() - since > STILL:
            return size
        time.sleep(0.2)
    raise SystemExit(f"the operator did not come to rest within {LIMIT} s")
