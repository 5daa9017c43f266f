"""A node without a container engine: takes the pods of a real API server and runs them for real.

usage: python3 scripts/node [--kubeconfig FILE] [--server URL] [--name NAME] [--logs DIR] [--namespace-prefix PREFIX]

Images come from any registry through skopeo and run under runc, each pod in a network namespace of its own on a bridge
that this machine can reach; there is no Service proxy, so clients take a pod's address from its EndpointSlice. Init
containers, sidecars, probes, hooks, restarts with back-off, volumes, pull secrets and Jobs behave as under kubelet;
resource limits, files with a termination message (the fallback to the log is there), Events, `kubectl logs` and `kubectl exec` are not provided: a container's output is in
DIR/NAMESPACE/POD/CONTAINER.log. Needs root, runc, skopeo, zstd, iproute2 and kubectl (which reads the kubeconfig).

Prints one line "ready" when the node is registered, runs until SIGTERM or SIGINT, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from agent import Agent, log
from api import Client
from container import BackOff
from host import Host


def main() -> int:
    parser = argparse.ArgumentParser(prog="node", description=__doc__.splitlines()[0])
    parser.add_argument("--kubeconfig", help="default: $KUBECONFIG, as kubectl")
    parser.add_argument("--server", help="address of the API server, in place of the kubeconfig's")
    parser.add_argument("--name", default="node-1", help="name of the Node object (default: %(default)s)")
    parser.add_argument("--logs", type=Path, help="where containers' output is kept (default: removed at the end)")
    parser.add_argument("--namespace-prefix", default="", help="run only pods in namespaces that begin with this")
    parser.add_argument("--back-off", type=float, default=1, help="seconds before the first restart (default: %(default)s)")
    parser.add_argument("--back-off-limit", type=float, default=10, help="and at most (default: %(default)s)")
    options = parser.parse_args()
    missing = [tool for tool in ("runc", "skopeo", "ip", "kubectl") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        print("node: needs root" if not missing else f"node: missing {', '.join(missing)}", file=sys.stderr)
        return 1
    client = Client.from_kubeconfig(options.kubeconfig, options.server)
    host = Host()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    try:
        agent = Agent(client, host, options.name, options.logs or host.folder / "logs",
                      BackOff(options.back_off, options.back_off_limit), options.namespace_prefix)
        failure: list[BaseException] = []

        def run() -> None:
            try:
                agent.run()
            except BaseException as error:
                failure.append(error)
                ended.set()

        threading.Thread(target=run, daemon=True).start()
        while not ended.wait(0.5):  # a wait without end would not let the signal handlers run
            pass
        agent.end()
        if failure:
            log("node failed:", repr(failure[0]))
        return 1 if failure else 0
    finally:
        host.close()


if __name__ == "__main__":
    sys.exit(main())
