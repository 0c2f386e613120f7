"""The systems that are compared, as data."""

from dataclasses import dataclass

WORKERS = 2  # tasks that run at a time

# What a crash of the machine may lose, for comparison at like durability.
NONE, SECOND, ALWAYS = "none", "1 s", "always"


@dataclass(frozen=True)
class System:
    peer: str  # the program that runs it
    label: str
    level: str  # NONE, SECOND or ALWAYS
    durability: str
    language: str  # in which the second workload's numbers are factored
    default: bool = True  # measured unless systems are named
    share: float = 1  # of the tasks of the first workload, less for very slow systems


MEMORY = "tasks and results in memory"
AOF = {
    NONE: "Redis without AOF",
    SECOND: "Redis, AOF everysec",
    ALWAYS: "Redis, AOF always",
}
STORE = {
    NONE: "files, not synced",
    SECOND: "files, fsync every second",
    ALWAYS: "files, fsync before each acknowledgement",
}
LEVELS = {"none": NONE, "1s": SECOND, "always": ALWAYS}

ALL = {}


def add(name, *fields, **more):
    ALL[name] = System(*fields, **more)


SHARE = {NONE: 1, SECOND: 1, ALWAYS: 0.25}  # of systems that wait for the disk with each task
for prefix, label in {"fleet": "this fleet, nats-server", "embedded": "this fleet, embedded"}.items():
    for suffix, level in LEVELS.items():
        add(f"{prefix}-{suffix}", "peer_fleet.py", label, level, STORE[level], "its engine", share=SHARE[level])
for mode, share in {"server": 1, "lines": 0.1, "args": 0.1}.items():
    label = f"this fleet, nats-server, exec {mode}"
    add(f"exec-{mode}", "peer_fleet.py", label, SECOND, STORE[SECOND], "Python", share=share)
add("manager", "peer_manager.py", "multiprocessing managers", NONE, MEMORY, "Python")
add("dask", "peer_dask.py", "dask.distributed", NONE, MEMORY, "Python", share=0.25)
for suffix, level in LEVELS.items():
    add(f"celery-redis-{suffix}", "peer_celery.py", "Celery, Redis", level, AOF[level], "Python",
        default=level == SECOND, share=0.5)
add("celery-rabbitmq", "peer_celery.py", "Celery, RabbitMQ, results in Redis", SECOND,
    "persistent messages without confirms; Redis, AOF everysec", "Python", share=0.5)
for suffix, level in LEVELS.items():
    add(f"asynq-{suffix}", "peer_queues.py", "asynq", level, AOF[level], "Go", share=SHARE[level])
for suffix, level in LEVELS.items():
    add(f"faktory-{suffix}", "peer_queues.py", "Faktory, results over a pipe", level, AOF[level], "Go",
        default=level != ALWAYS, share=SHARE[level])
FSYNC = "PostgreSQL, fsync at each commit"
add("river", "peer_queues.py", "River, 1 ms cooldown, InsertManyFast", ALWAYS, FSYNC, "Go")
add("river-default", "peer_queues.py", "River, default cooldown of 100 ms", ALWAYS, FSYNC, "Go",
    default=False, share=0.25)

# Systems that cannot be had at all, with the reason.
UNAVAILABLE = {"machinery": "its Go module could not be downloaded: no version of it is served"}


def reference(system):
    """The name of this fleet's system at the durability of system."""
    return next(name for name, other in ALL.items() if other.peer == "peer_fleet.py" and other.level == system.level)
