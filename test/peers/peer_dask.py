"""dask.distributed: a scheduler, and workers of one thread, as processes. A task is a call of Client.map."""

import os
import sys

import peer
import processes
import systems
import work


def run(p):
    os.environ["DASK_CONFIG"] = p.dir  # else it writes to the user's configuration
    try:
        import distributed
    except ImportError:
        raise peer.Missing("dask.distributed is not installed") from None
    p.versions |= {"dask.distributed": distributed.__version__, "Python": sys.version.split()[0]}
    address = f"127.0.0.1:{(port := processes.free_port())}"
    environment = peer.environment()
    p.start([sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port),
             "--no-dashboard"], env=environment)
    p.until_listening(port)
    for _ in range(systems.WORKERS):
        p.start([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard",
                 "--host", "127.0.0.1", "--local-directory", p.dir, "--no-nanny"], env=environment)
    with distributed.Client(address) as client:
        client.wait_for_workers(systems.WORKERS, timeout=60)
        p.measure(lambda tasks: client.gather(client.map(work.do, tasks, pure=False)))


if __name__ == "__main__":
    peer.main(run, ["dask"])
