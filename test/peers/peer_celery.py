"""Celery with Redis, or with RabbitMQ and results in Redis. A task is a call of delay, its result that of get.

The workers import this file too: the application takes its broker and its backend from the environment.
"""

import gc
import os
import signal
import sys

try:
    import celery
except ImportError:
    celery = None

import peer
import servers
import systems
import work

if celery:
    app = celery.Celery("peer", broker=os.environ.get("PEER_BROKER"), backend=os.environ.get("PEER_BACKEND"))
    app.conf.update(task_serializer="json", result_serializer="json", broker_connection_retry_on_startup=True)

    @app.task(name="do")
    def do(task):
        return work.do(task)


def run(p):
    if not celery:
        raise peer.Missing("Celery is not installed")
    p.versions |= {"Celery": celery.__version__, "Python": sys.version.split()[0]}
    broker = backend = f"redis://127.0.0.1:{servers.redis(p, p.system.level)}/0"
    if p.options.system == "celery-rabbitmq":
        broker = f"amqp://guest:guest@127.0.0.1:{servers.rabbitmq(p)}//"
    app.conf.update(broker_url=broker, result_backend=backend)
    p.start([sys.executable, "-m", "celery", "--app", "peer_celery", "worker", "--concurrency", str(systems.WORKERS),
             "--loglevel", "error", "--without-gossip", "--without-mingle"], stop=signal.SIGKILL,
            env=peer.environment(PEER_BROKER=broker, PEER_BACKEND=backend))
    p.until("the worker answers", lambda: app.control.ping(timeout=1))

    def client(tasks):
        sent = [do.delay(task) for task in tasks]
        return [result.get() for result in sent]

    p.measure(client)
    gc.collect()  # results that are freed later would connect to a broker that has ended


if __name__ == "__main__":
    peer.main(run, [name for name in systems.ALL if name.startswith("celery-")])
