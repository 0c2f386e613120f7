"""The servers that the systems need, each on a free port of loopback, with its data in the peer's directory."""

import glob
import os
import pwd
import signal

from peer import find
from processes import free_port
from systems import ALWAYS, NONE, SECOND

DEBIAN_POSTGRES = "/usr/lib/postgresql/*/bin"


# Options of redis-server for each level of durability. Snapshots (RDB) stay as they are by default.
AOF = {
    NONE: ["--appendonly", "no"],
    SECOND: ["--appendonly", "yes", "--appendfsync", "everysec"],
    ALWAYS: ["--appendonly", "yes", "--appendfsync", "always"],
}


def redis(peer, level):
    """Starts Redis and returns its port."""
    program, port = find("redis-server"), free_port()
    peer.start([program, "--bind", "127.0.0.1", "--port", str(port), "--dir", peer.dir, *AOF[level]])
    peer.until_listening(port)
    peer.versions["Redis"] = redis_version(peer, program)
    return port


def redis_version(peer, program):
    return peer.call([program, "--version"]).split("v=")[1].split()[0]


def rabbitmq(peer):
    """Starts RabbitMQ, with an epmd of its own, and returns its port."""
    program = find("rabbitmq-server", "/usr/lib/rabbitmq/bin")
    epmd, port = free_port(), free_port()
    config = os.path.join(peer.dir, "rabbitmq.conf")
    with open(config, "w") as f:
        f.write(f"listeners.tcp.default = 127.0.0.1:{port}\nlog.file = false\nlog.console = true\nlog.console.level = error\n")
    environment = os.environ | {
        "HOME": peer.dir, "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "peer@localhost", "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": os.path.join(peer.dir, "mnesia"), "RABBITMQ_LOG_BASE": peer.dir,
        "RABBITMQ_CONFIG_FILE": config, "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(peer.dir, "plugins"),
    }
    peer.start([find("epmd")], env=environment)
    peer.until_listening(epmd)
    peer.start([program], env=environment, stop=signal.SIGKILL)  # a regular stop takes seconds
    peer.until_listening(port)
    return port


def postgres(peer):
    """Starts PostgreSQL, as the user postgres if this is root, and returns the URL of its database."""
    installed = sorted(glob.glob(DEBIAN_POSTGRES))
    initdb, program = find("initdb", *installed), find("postgres", *installed)
    data, port, user = os.path.join(peer.dir, "postgres"), free_port(), []
    os.mkdir(data)
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(data, owner.pw_uid, owner.pw_gid)
        os.chmod(peer.dir, 0o711)
        user = [find("setpriv"), "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    peer.call([*user, initdb, "-D", data, "-U", "peer", "--auth", "trust", "--no-sync"], cwd=data)
    peer.start([*user, program, "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c",
                "unix_socket_directories="], stop=signal.SIGINT, cwd=data)
    peer.until_listening(port)
    peer.versions["PostgreSQL"] = peer.call([program, "--version"]).split()[2]
    return f"postgres://peer@127.0.0.1:{port}/postgres"


def nats(peer, level):
    """Starts nats-server with JetStream and returns its URL."""
    program, port = find("nats-server", peer.bin), free_port()
    config = os.path.join(peer.dir, "nats.conf")
    sync = {NONE: "2m", SECOND: "1s", ALWAYS: "always"}[level]  # 2m is the server's default
    with open(config, "w") as f:
        f.write(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{peer.dir}/nats", sync_interval: {sync} }}\n')
    peer.start([program, "-c", config])
    peer.until_listening(port)
    peer.versions["nats-server"] = peer.call([program, "--version"]).split("v")[-1].strip()
    return f"nats://127.0.0.1:{port}"
