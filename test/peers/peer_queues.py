"""The queues of Go: asynq and Faktory with Redis, River with PostgreSQL. go/ has their client and worker."""

import json
import os
import subprocess

import peer
import processes
import servers
import systems


def run(p):
    program = peer.find("queues", p.bin)
    system = p.options.system
    if system.startswith("river"):
        address = servers.postgres(p)
    elif system.startswith("faktory"):
        system, address = "faktory", faktory(p)
    else:
        system, address = "asynq", f"127.0.0.1:{servers.redis(p, p.system.level)}"
    p.versions |= versions(p, program)
    queues = p.start([program, system, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    queues.stdout.readline()  # it is ready

    def client(tasks):
        numbered = [{"index": i, "kind": kind, "numbers": numbers} for i, (kind, numbers) in enumerate(tasks)]
        queues.stdin.write(json.dumps(numbered) + "\n")
        queues.stdin.flush()
        answer = queues.stdout.readline()
        if not answer:
            raise RuntimeError(f"queues {system} ended early")
        answer = json.loads(answer)
        return answer["seconds"], answer["results"]

    p.measure(client)


# Faktory starts the redis-server on PATH with a configuration of its own; this one adds the durability.
REDIS = """#!/bin/sh
exec {program} "$@" {options}
"""
FAKTORY_CONF = "/tmp/redis.conf"  # Faktory creates it, always here


def faktory(p):
    """Starts Faktory, which starts a Redis, and returns its address."""
    program, server, port = peer.find("faktory", p.bin), peer.find("redis-server"), processes.free_port()
    bin = os.path.join(p.dir, "bin")
    os.mkdir(bin)
    with open(os.path.join(bin, "redis-server"), "w") as f:
        f.write(REDIS.format(program=server, options=" ".join(servers.AOF[p.system.level])))
        os.chmod(f.name, 0o755)
    there = os.path.exists(FAKTORY_CONF)
    p.start([program, "-b", f"127.0.0.1:{port}", "-w", f"127.0.0.1:{processes.free_port()}", "-e", "development",
             "-d", os.path.join(p.dir, "faktory"), "-c", p.dir, "-l", "warn"],
            env=os.environ | {"PATH": bin + os.pathsep + os.environ["PATH"]})
    try:
        p.until_listening(port)
    finally:
        if not there and os.path.exists(FAKTORY_CONF):
            os.remove(FAKTORY_CONF)
    p.versions["Redis"] = servers.redis_version(p, server)
    return f"127.0.0.1:{port}"


def versions(p, program):
    """The versions of the modules in the program."""
    modules = {"hibiken/asynq": "asynq", "riverqueue/river": "River", "contribsys/faktory": "Faktory"}
    found = {}
    for line in p.call(["go", "version", "-m", program]).splitlines():
        fields = line.split()
        name = modules.get(fields[1].removeprefix("github.com/")) if len(fields) > 2 else None
        if name and name.lower() in p.options.system:
            found[name] = fields[2].removeprefix("v")
    return found


if __name__ == "__main__":
    peer.main(run, [name for name, system in systems.ALL.items() if system.peer == "peer_queues.py"])
