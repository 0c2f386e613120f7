"""This fleet: embedded in one process, or nats-server with a producer and a consumer as processes.

The time is that of the whole program that submits, from its start to its end, with every answer verified and printed
in order. With exec the workers run commands.
"""

import json
import os
import shlex
import sys
import tempfile
import time

import peer
import servers
import systems


def embedded(p):
    sync = {systems.NONE: "never", systems.SECOND: "1s", systems.ALWAYS: "always"}[p.system.level]

    def submit(kind, chunk, file):
        with tempfile.TemporaryDirectory(dir=p.dir) as store:
            return p.call([program(p, "embedded"), "submit", "--store", os.path.join(store, "store"), "--sync", sync,
                           "-n", str(systems.WORKERS), *flags(kind, chunk, file)])

    p.measure(lambda tasks: client(p, tasks, submit, lambda kind: kind))


def processes(p):
    mode = p.options.system.removeprefix("exec-") if p.options.system.startswith("exec-") else None
    url = servers.nats(p, p.system.level)
    run(p, "producer", "init", "-s", url)
    consumer = [program(p, "consumer"), "run", "-s", url, "--name", "worker", "-n", str(systems.WORKERS)]
    for kind, command in commands(mode).items() if mode else ():
        consumer += ["--exec", f"{kind}={command}", "--exec-mode", mode]
    p.start(consumer)
    p.until("the worker is ready", lambda: json.loads(run(p, "producer", "workers", "ls", "--json", "-s", url)))

    def submit(kind, chunk, file):
        return run(p, "producer", "submit", "-s", url, *flags(kind, chunk, file))

    p.measure(lambda tasks: client(p, tasks, submit, lambda kind: f"exec:{kind}" if mode else kind))


def commands(mode):
    """The command of each kind. A shell squares, because the start of Python would take most of the time."""
    python = shlex.join([sys.executable, os.path.join(peer.HERE, "work.py"), "factor"])
    if mode == "args":
        return {"square": "echo $(($1 * $1))", "factor": f'exec {python} "$1"'}
    return {"square": "while read -r n; do echo $((n * n)); done", "factor": f"exec {python}"}


def program(p, name):
    return peer.find(name, p.bin)


def run(p, name, *arguments):
    return p.call([program(p, name), *arguments])


def flags(kind, chunk, file):
    return ["--kind", kind, "--chunk", str(chunk), "--progress", "never", "-f", file]


def client(p, tasks, submit, name):
    """Submits the numbers of tasks, which are of one kind and size. Returns the seconds of submit, and the results."""
    kind = tasks[0][0]
    file = os.path.join(p.dir, "numbers")
    with open(file, "w") as f:
        f.writelines(f"{n}\n" for _, numbers in tasks for n in numbers)
    began = time.monotonic()
    lines = submit(name(kind), len(tasks[0][1]), file).splitlines()
    seconds = time.monotonic() - began
    count = sum(len(numbers) for _, numbers in tasks)
    if len(lines) != count:
        raise ValueError(f"{len(lines)} answers to {count} numbers")
    # A line is "NUMBER: ANSWER...", or the answer alone with exec.
    answers = iter([[int(field) for field in line.rpartition(":")[2].split()] for line in lines])
    return seconds, [[next(answers) for _ in numbers] for _, numbers in tasks]


def main(p):
    exec_ = p.options.system.startswith("exec-")
    if exec_ and "--exec " not in run(p, "consumer", "run", "-h"):
        raise peer.Missing("this build of the consumer has no flag --exec")
    p.versions |= {"factorfleet": version(p)}
    (embedded if p.options.system.startswith("embedded-") else processes)(p)


def version(p):
    """The version of the programs, which is the commit that they were built from."""
    return run(p, "producer", "--version").split()[-1]


if __name__ == "__main__":
    peer.main(main, [name for name, system in systems.ALL.items() if system.peer == "peer_fleet.py"])
