"""What all peers share: the contract of a peer, its processes, and their CPU time.

A peer is a program `peer_*.py SYSTEM`. It starts the servers and two workers of SYSTEM on free loopback ports with
their data in a temporary directory, runs both workloads, checks every result, and prints one line of JSON for each
workload. It ends with 0, with 1 if something failed, or with 3 if SYSTEM is not installed; the last line on standard
error says why. It stops what it started, and nothing else.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import systems
import work

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A program or a library of the system is not installed."""


def find(program, *directories):
    """The path of a program on PATH or in one of the directories."""
    path = shutil.which(program, path=os.pathsep.join([*directories, os.environ["PATH"]]))
    if not path:
        raise Missing(f"{program} is not installed")
    return path


class Peer:
    """The processes of one run of a system, and their temporary directory. A context manager."""

    def __init__(self, options):
        self.options = options
        self.system = systems.ALL[options.system]
        self.bin = options.bin
        self.children = []  # (process, signal that stops it), in the order of their start
        self.versions = {}

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="peer-")
        return self

    def __exit__(self, kind, error, trace):
        for child, stop in reversed(self.children):
            self.stop(child, stop)
        if kind and kind is not Missing:
            self.show_log()
        shutil.rmtree(self.dir)

    def start(self, command, stop=signal.SIGTERM, **options):
        """Starts a process in a group of its own. Its output goes to the log unless options say otherwise."""
        with open(os.path.join(self.dir, "log"), "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": self.dir} | options
            child = subprocess.Popen(command, start_new_session=True, **options)
        self.children.append((child, stop))
        return child

    def call(self, command, **options):
        """Runs a command and returns its standard output."""
        options = {"stdin": subprocess.DEVNULL, "cwd": self.dir} | options
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def stop(self, child, stop):
        """Stops a process, and after 10 s its whole group."""
        if child.poll() is None:
            child.send_signal(stop)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(child.pid, signal.SIGKILL)  # what is left of the group
        except ProcessLookupError:
            pass
        child.wait()

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

    def measure(self, run):
        """Runs both workloads. run(tasks) returns the results in the order of tasks, or (seconds, results)."""
        share = 1 if self.options.full else self.system.share
        lists = {
            "squares": work.squares(int(self.options.tasks * share)),
            "tutorial": work.tutorial(self.options.chunks),
        }
        run(work.squares(2 * systems.WORKERS))  # opens connections, imports modules
        for name, tasks in lists.items():
            cpu, began = cpu_seconds(), time.monotonic()
            results = run(tasks)
            seconds, cpu = time.monotonic() - began, cpu_seconds() - cpu
            if isinstance(results, tuple):
                seconds, results = results
            work.check(tasks, results)
            self.report(name, len(tasks), seconds, cpu)

    def report(self, workload, tasks, seconds, cpu):
        line = {
            "system": self.options.system, "workload": workload, "durability": self.system.durability,
            "tasks": tasks, "seconds": round(seconds, 4), "tasks_per_second": round(tasks / seconds, 1),
            "cpu_us_per_task": round(cpu / tasks * 1e6, 1), "versions": self.versions,
        }
        print(json.dumps(line), flush=True)


def environment(**more):
    """The environment of a worker that imports the files of this directory."""
    return os.environ | {"PYTHONPATH": HERE} | more


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


def main(run, names):
    """The program of a peer: run(peer) for the system that the arguments name, one of names."""
    arguments = argparse.ArgumentParser(description="run a system once; see bench.py for all systems")
    arguments.add_argument("system", choices=names)
    arguments.add_argument("--bin", required=True, help="directory of the programs that bench.py builds")
    arguments.add_argument("--tasks", type=int, default=20000, help="tasks of one number (default: %(default)s)")
    arguments.add_argument("--chunks", type=int, default=24, help="chunks of 43 numbers (default: %(default)s)")
    arguments.add_argument("--full", action="store_true", help="all tasks, even if SYSTEM is slow")
    options = arguments.parse_args()
    options.bin = os.path.abspath(options.bin)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    try:
        with Peer(options) as peer:
            run(peer)
    except Missing as reason:
        sys.exit(fail(3, reason))
    except (RuntimeError, ValueError, OSError) as reason:
        sys.exit(fail(1, reason))


def interrupted(*_):
    """Ends the program, and lets no second signal disturb the end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(fail(1, "interrupted"))


def fail(code, reason):
    print(reason, file=sys.stderr)
    return code
