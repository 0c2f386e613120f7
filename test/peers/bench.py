#!/usr/bin/env python3
"""Measures this fleet beside other queues: runs every system in turn, several times, and prints a Markdown table.

    bench.py [SYSTEM...]       SYSTEM is a name of `bench.py --list`, or the start of names, such as fleet or asynq

install.sh installs the other queues on Debian. A system that is not installed is named below the table, with the
reason. The exit code is 1 if a system failed or had a wrong result. Measure on a machine that does nothing else.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

import systems
import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FLEET = ["./producer", "./consumer", "./embedded", "github.com/nats-io/nats-server/v2"]
QUEUES = [".", "github.com/contribsys/faktory/cmd/faktory"]
TIMEOUT = 300  # seconds of one run of a system


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("systems", nargs="*", metavar="SYSTEM", help="what to measure (default: those marked by --list)")
    p.add_argument("--list", action="store_true", help="print the systems and exit")
    p.add_argument("--dir", default="/tmp/factorfleet-peers", help="directory of install.sh (default: %(default)s)")
    p.add_argument("--runs", type=int, default=3, help="runs of each system (default: %(default)s)")
    p.add_argument("--tasks", type=int, default=20000, help="tasks of one number (default: %(default)s)")
    p.add_argument("--chunks", type=int, default=24, help="chunks of 43 numbers, at most 24 (default: %(default)s)")
    p.add_argument("--self-test", action="store_true", help="one short run, which shows only that results are right")
    p.add_argument("--full", action="store_true", help="all tasks for slow systems too, which by default get a part")
    p.add_argument("--no-build", action="store_true", help="use the programs in DIR/bin as they are")
    p.add_argument("--json", metavar="FILE", help="also write the measurements to FILE, a line each")
    options = p.parse_args()
    if options.self_test:
        options.runs, options.tasks, options.chunks = 1, 100, 1
    if options.runs < 1 or options.tasks < 10 or not 1 <= options.chunks <= 24:
        p.error("expected --runs of at least 1, --tasks of at least 10 and --chunks from 1 to 24")
    try:
        options.systems = select(options.systems)
    except ValueError as reason:
        p.error(str(reason))
    return options


def select(words):
    """The names of the systems that words stand for, in the order of the table."""
    for word in words:
        if not any(name.startswith(word) for name in systems.ALL):
            raise ValueError(f"unknown system {word!r}: expected one of {', '.join(systems.ALL)}")
    if not words:
        return [name for name, system in systems.ALL.items() if system.default]
    return [name for name in systems.ALL if any(name == w or name.startswith(w) and w not in systems.ALL for w in words)]


def build(options):
    """Builds the programs of this fleet, and the clients and workers of the Go queues. Returns why those are missing."""
    if options.no_build:
        return None
    bin = os.path.join(options.dir, "bin")
    os.makedirs(bin, exist_ok=True)
    subprocess.run(["go", "build", "-o", bin + os.sep, *FLEET], cwd=ROOT, check=True)
    if not any(systems.ALL[name].peer == "peer_queues.py" for name in options.systems):
        return None
    done = subprocess.run(["go", "build", "-o", bin + os.sep, *QUEUES], cwd=os.path.join(HERE, "go"),
                          stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else f"test/peers/go cannot be built: {done.stderr.strip()[-200:]}"


def run(name, options):
    """Runs a system once and returns its measurements, and why it has none, if so."""
    python = os.path.join(options.dir, "venv", "bin", "python3")
    command = [python if os.path.exists(python) else sys.executable, os.path.join(HERE, systems.ALL[name].peer), name,
               "--bin", os.path.join(options.dir, "bin"), "--tasks", str(options.tasks), "--chunks",
               str(options.chunks), *(["--full"] if options.full else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as peer:
        try:
            out, err = peer.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            stop(peer)
            return [], f"failed: not finished within {TIMEOUT} s"
        except BaseException:
            stop(peer)
            raise
    last = (err.strip().splitlines() or ["no message"])[-1]
    if peer.returncode == 0:
        return [json.loads(line) for line in out.splitlines()], None
    if peer.returncode == 3:
        return [], last
    sys.stderr.write(err)
    return [], f"failed: {last}"


def stop(peer):
    peer.send_signal(signal.SIGTERM)  # it stops what it has started
    peer.communicate()


def measure(options):
    """Runs all systems, interleaved. Returns the measurements, and by system why it has none."""
    broken = build(options)
    measured, reasons = [], dict(systems.UNAVAILABLE)
    if broken:
        reasons |= {name: broken for name in options.systems if systems.ALL[name].peer == "peer_queues.py"}
    for round in range(options.runs):
        for name in options.systems:
            if name in reasons:
                continue
            began = time.monotonic()
            lines, reason = run(name, options)
            measured += lines
            if reason:
                reasons[name] = reason
            print(f"run {round + 1} of {options.runs}: {name}: {reason or 'done'}, "
                  f"{time.monotonic() - began:.1f} s", file=sys.stderr)
    return measured, reasons


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = parse()
    if options.list:
        for name, system in systems.ALL.items():
            print(f"{'*' if system.default else ' '} {name:20} {system.label}; {system.durability}")
        return 0
    try:
        measured, reasons = measure(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except subprocess.CalledProcessError as reason:
        print(f"this fleet cannot be built: {reason}", file=sys.stderr)
        return 1
    if options.json:
        with open(options.json, "w") as f:
            f.writelines(json.dumps(line) + "\n" for line in measured)
    print(table.header(ROOT, options.runs), table.render(measured), table.missing(reasons), sep="\n\n")
    return 1 if any(reason.startswith("failed") for reason in reasons.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
