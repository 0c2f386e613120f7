"""The tutorial's queue: a job queue and a result queue that a multiprocessing manager serves on TCP."""

import multiprocessing
import queue
import sys
from multiprocessing.managers import SyncManager

import peer
import systems
import work

KEY = b"peer"  # both sides run on loopback


class Manager(SyncManager):
    """Serves the two queues, and connects to them."""


jobs, results = queue.Queue(), queue.Queue()  # in the manager's process


def job_queue():
    return jobs


def result_queue():
    return results


Manager.register("job_queue", job_queue)
Manager.register("result_queue", result_queue)


def worker(address):
    """Runs jobs until one is None."""
    manager = Manager(address, KEY)
    manager.connect()
    inbox, outbox = manager.job_queue(), manager.result_queue()
    while (job := inbox.get()) is not None:
        index, task = job
        outbox.put((index, work.do(task)))


def run(p):
    p.versions["Python"] = sys.version.split()[0]
    context = multiprocessing.get_context("spawn")  # a worker has nothing of this process but the address
    with Manager(("127.0.0.1", 0), KEY, ctx=context) as manager:
        workers = [context.Process(target=worker, args=(manager.address,)) for _ in range(systems.WORKERS)]
        for process in workers:
            process.start()
        inbox, outbox = manager.job_queue(), manager.result_queue()

        def client(tasks):
            for job in enumerate(tasks):
                inbox.put(job)
            done = dict(outbox.get() for _ in tasks)
            return [done[i] for i in range(len(tasks))]

        try:
            p.measure(client)
            for _ in workers:
                inbox.put(None)
        except BaseException:
            for process in workers:
                process.kill()
            raise
        finally:
            for process in workers:
                process.join()


if __name__ == "__main__":
    peer.main(run, ["manager"])
