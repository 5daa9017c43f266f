"""A model of 4 GiB into a registry of another process: memory, bytes, time."""
import json
import subprocess

from .process import output_of


def measure(benchmarks, megabytes=4096):
    registry = subprocess.Popen([benchmarks, "registry"], stdout=subprocess.PIPE, text=True)
    try:
        host = registry.stdout.readline().strip()
        return json.loads(output_of([benchmarks, "package", host, str(megabytes)]))
    finally:
        registry.kill()
        registry.wait()
