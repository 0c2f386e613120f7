"""The processes of one run of a system: they start and end with it, whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Processes:
    """Processes and their temporary directory, a context manager. Its end stops all, in the reverse order."""

    def __init__(self):
        self.children = []  # (process, signal that stops it), in the order of their start
        self.busy = False  # starting or stopping a process, which a signal must not disturb
        self.interrupted = False

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="peer-")
        return self

    def __exit__(self, kind, error, trace):
        self.busy = True
        for child, stop in reversed(self.children):
            self.stop(child, stop)
        if kind:
            self.show_log()
        self.remove()

    def interrupt(self, *_):
        """The handler of signals. Ends the program, when it is not busy."""
        self.interrupted = True
        self.end_if_interrupted()

    def end_if_interrupted(self):
        if self.interrupted and not self.busy:
            print("interrupted", file=sys.stderr)
            sys.exit(1)

    def start(self, command, stop=signal.SIGTERM, **options):
        """Starts a process in a group of its own. Its output goes to the log unless options say otherwise."""
        with open(os.path.join(self.dir, "log"), "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": self.dir} | options
            self.busy = True
            try:
                child = subprocess.Popen(command, start_new_session=True, **options)
                self.children.append((child, stop))
            finally:
                self.busy = False
        self.end_if_interrupted()
        return child

    def call(self, command, **options):
        """Runs a command and returns its standard output."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        child = self.start(command, signal.SIGKILL, **options)
        out, err = child.communicate()
        self.children.remove((child, signal.SIGKILL))
        if child.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit status {child.returncode}: {err.strip()[-500:]}")
        return out

    def stop(self, child, stop):
        """Stops a process, after 10 s by force, and then what is left of its group."""
        if child.poll() is None:
            child.send_signal(stop)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()

    def remove(self):
        """Removes the temporary directory. Processes that were killed may still write to it for a moment."""
        for _ in range(50):
            shutil.rmtree(self.dir, ignore_errors=True)
            if not os.path.exists(self.dir):
                return
            time.sleep(0.1)

    def show_log(self):
        """Writes the end of the output of all processes to standard error."""
        log = os.path.join(self.dir, "log")
        if os.path.exists(log):
            with open(log, "rb") as f:
                sys.stderr.write(f.read()[-3000:].decode(errors="replace") + "\n")

    def until(self, what, ready, seconds=60):
        """Waits until ready() is true."""
        end = time.monotonic() + seconds
        while not ready():
            for child, _ in self.children:
                if child.poll() is not None:
                    raise RuntimeError(f"{child.args[0]} ended with {child.returncode} before {what}")
            if time.monotonic() > end:
                raise RuntimeError(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    def until_listening(self, port):
        def listening():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0

        self.until(f"port {port} is open", listening)


def free_port():
    """A port of loopback that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds():
    """The CPU time of this process and its descendants, with those that have ended and were waited for."""
    children, times = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        children.setdefault(int(fields[1]), []).append(int(pid))
        times[int(pid)] = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    total, queue = 0, [os.getpid()]
    while queue:
        pid = queue.pop()
        total += times.get(pid, 0)
        queue += children.get(pid, [])
    return total / TICKS
