"""Child processes, and what they use."""
import os
import signal
import subprocess
import time


def wait_until(holds, seconds, what):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Processes:
    """Processes of one run, each a group of its own; all end with `end`."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, name, command, environment=None):
        with open(os.path.join(self.folder, name + ".log"), "w") as log:
            child = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)
        child.log = log.name
        self.started.append(child)
        return child

    def end(self):
        for child in reversed(self.started):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


class ProcessTree:
    """CPU time and resident memory of a process and the children in its group."""

    def __init__(self, child):
        self.child = child
        self.peak = 0

    def usage(self):
        """CPU seconds and resident bytes."""
        ticks = pages = 0
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[2]) == self.child.pid:
                ticks += int(fields[11]) + int(fields[12])
                pages += int(fields[21])
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        self.peak = max(self.peak, resident)
        return ticks / os.sysconf("SC_CLK_TCK"), resident

    def wait(self, holds, seconds, what):
        end = time.monotonic() + seconds
        while not holds():
            if self.child.poll() is not None:
                with open(self.child.log) as log:
                    raise SystemExit(f"the operator ended with {self.child.returncode}: {log.read()[-2000:]}")
            if time.monotonic() > end:
                raise SystemExit(f"{what}: not complete within {seconds} s; the operator's log: {self.child.log}")
            self.usage()
            time.sleep(0.1)

    def end(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)


def output_of(command):
    """What a command prints; its failure ends the program."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
