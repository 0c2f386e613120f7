"""The table of measurements in Markdown. As a program it reads the lines that `bench.py --json` has written.

    table.py FILE
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import systems

COLUMNS = ["system", "durability", "tasks/s (range)", "this fleet", "CPU us a task", "chunks/s (range)", "factored by"]


def render(measured):
    """The table of the medians of all runs, and the versions below it. measured has the lines of the peers."""
    runs = {}
    for line in measured:
        runs.setdefault(line["system"], {}).setdefault(line["workload"], []).append(line)
    rows = [row(name, runs) for name in systems.ALL if name in runs]
    rule = ["---", "---", "--:", "--:", "--:", "--:", "---"]
    lines = ["| " + " | ".join(cells) + " |" for cells in [COLUMNS, rule, *rows]]
    versions = sorted({f"{name} {version}" for line in measured for name, version in line["versions"].items()})
    return "\n".join(lines) + "\n\nVersions: " + ", ".join(versions) + "."


def row(name, runs):
    system, squares, tutorial = systems.ALL[name], runs[name]["squares"], runs[name]["tutorial"]
    cpu = statistics.median(line["cpu_us_per_task"] for line in squares)
    tasks = squares[0]["tasks"]
    label = system.label + (f" ({tasks:,} tasks)" if system.share < 1 else "")
    return [label, system.durability, spread(squares), ratio(name, runs), figure(cpu), spread(tutorial), system.language]


def ratio(name, runs):
    """How many times as many tasks this fleet does in a second, at like durability; "-" without such a run."""
    reference = systems.reference(systems.ALL[name])
    if reference not in runs:
        return "-"
    return f"{rate(runs[reference]['squares']) / rate(runs[name]['squares']):.2f}x"


def rate(lines):
    return statistics.median(line["tasks_per_second"] for line in lines)


def spread(lines):
    """The median and the range of the rates."""
    rates = [line["tasks_per_second"] for line in lines]
    return f"{figure(statistics.median(rates))} ({figure(min(rates))}-{figure(max(rates))})"


def figure(value):
    """A number with three digits, or with all digits before the point."""
    if value < 99.95:
        return f"{value:.3g}"
    return f"{round(value):,}"


def missing(reasons):
    """A list of what is not in the table, by its reason. reasons has the reason of each system."""
    names = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return "\n".join(f"- Not measured: {', '.join(names[reason])}: {reason}." for reason in names)


def header(root, runs):
    """When, on what machine and of what this is measured."""
    commit = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return (
        f"Measured {time.strftime('%Y-%m-%d')} on {os.cpu_count()} cores of {processor()}, Linux {platform.release()}, "
        f"temporary files on {file_system(tempfile.gettempdir())}. Commit {commit.stdout.strip() or 'unknown'}. "
        f"Medians and ranges of {runs} interleaved runs."
    )


def processor():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())


def file_system(path):
    """The type of the file system that path is on."""
    path, best = os.path.realpath(path), ("", "unknown")
    with open("/proc/mounts") as f:
        for _, mount, kind, *_ in map(str.split, f):
            if os.path.commonpath([path, mount]) == mount and len(mount) >= len(best[0]):
                best = (mount, kind)
    return best[1]


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        print(render([json.loads(line) for line in f]))
