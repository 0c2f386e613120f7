"""What all peers share: the contract of a peer.

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
import sys
import time

import processes
import systems
import work

HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    """A program or a library of the system is not installed."""


def find(program, *directories):
    """The path of a program on PATH or in one of the directories."""
    path = shutil.which(program, path=os.pathsep.join([*directories, os.environ["PATH"]]))
    if not path:
        raise Missing(f"{program} is not installed")
    return path


class Peer(processes.Processes):
    """One run of a system."""

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.system = systems.ALL[options.system]
        self.bin = options.bin
        self.versions = {}

    def measure(self, run):
        """Runs both workloads. run(tasks) returns the results in the order of tasks, or (seconds, results)."""
        share = 1 if self.options.full else self.system.share
        lists = {
            "squares": work.squares(int(self.options.tasks * share)),
            "tutorial": work.tutorial(self.options.chunks),
        }
        run(work.squares(2 * systems.WORKERS))  # opens connections, imports modules
        for name, tasks in lists.items():
            cpu, began = processes.cpu_seconds(), time.monotonic()
            results = run(tasks)
            seconds, cpu = time.monotonic() - began, processes.cpu_seconds() - cpu
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
    peer = Peer(options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, peer.interrupt)
    try:
        with peer:
            run(peer)
    except Missing as reason:
        sys.exit(fail(3, reason))
    except (RuntimeError, ValueError, OSError) as reason:
        sys.exit(fail(1, reason))


def fail(code, reason):
    print(reason, file=sys.stderr)
    return code
