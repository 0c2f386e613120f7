#!/bin/bash
# Makes the stores of a release for TestStoreOfRelease: store.tar.gz and secure.tar.gz in this directory.
#
#   test/testdata/release/make.sh DIR
#
# DIR has the programs of that release: embedded, producer, consumer and nats-server. It takes three minutes, most
# of which it waits for redeliveries. What the stores contain:
#
#   store   job done    180 answers, in chunks of 20; all results
#           job open    24 numbers of 46 digits and 180 small ones in chunks of 6: some results, ranges that
#                       worker-a has handed back, a task that worker-b had when it was killed, queued tasks
#           job dead    two numbers, one of which was given up, because it was killed with its node three times
#           job gone    a job that was removed
#           worker-b    is quarantined; worker-c has a complaint and two strikes
#   secure  keys, and the store of a server with these keys; job done as above, job open with all tasks queued
#
# All jobs are kept for 100 years after their end. The tests must not depend on other times: leases and heartbeats
# have expired when the stores are opened. The certificate of the authority ends 20 years after the stores were made.
set -eu
old=$(cd "$1" && pwd) here=$(cd "$(dirname "$0")" && pwd) work=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
keep="--keep 876000h --progress never"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
at="-s nats://127.0.0.1:$port"
hard=530461342120185896253300959027940155876652751257002934759683765092846654849

# numbers prints the input of job open: products of two primes of 23 digits, and small numbers.
numbers() {
	python3 - <<'P'
import random
random.seed(1)
def prime(digits):
    while True:
        p = random.randrange(10**(digits-1), 10**digits) | 1
        if all(pow(a, p-1, p) == 1 for a in (2, 3, 5, 7, 11, 13)): return p
def large(count):
    for _ in range(count): print(prime(23) * prime(23))
def small(first, count):
    for n in range(first, first + count): print(n)
large(12); small(10**12, 60); large(12); small(10**12 + 60, 120)
P
}

# await COMMAND... waits until the command succeeds.
await() { for _ in $(seq 3000); do "$@" && return; sleep 0.02; done; echo "in vain: $*" >&2; exit 1; }
listens() { (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null; }

"$old/embedded" submit --store store --id done $keep --chunk 20 --range 1000000001:1000000180 >/dev/null

# computes: the process computes a number of job dead. gone: it has ended.
computes() { [ store/RUNNING -nt began ] && grep -qa "norm dead " store/RUNNING; }
gone() { ! kill -0 $node 2>/dev/null; }
ready() { computes || gone; }
for _ in 1 2 3 4 5; do
	touch began; sleep 0.1
	"$old/embedded" submit -n 1 --store store --id dead $keep --budget 10m 21 $hard >dead.out 2>dead.err & node=$!
	await ready
	gone && break
	kill -9 $node; wait $node 2>/dev/null || true
	echo "killed" >&2
done
grep "was given up" dead.err >&2

"$old/nats-server" -a 127.0.0.1 -p $port -js -sd store -l server.log & server=$!
await listens
"$old/producer" submit $at --detach --id gone $keep 15 21 35 >/dev/null
"$old/producer" rm $at --force gone
numbers >open.txt
"$old/producer" submit $at --detach --id open $keep --chunk 6 -f open.txt >/dev/null
"$old/consumer" --log-level debug run $at -n 1 --name worker-a --drain-timeout 50ms 2>a.err & a=$!
await grep -q "task settled.*range=0-6" a.err
kill $a; wait $a || true
"$old/consumer" --log-level debug run $at -n 1 --name worker-b 2>b.err & b=$!
await grep -q "task settled.*range=6[0-9]-6" b.err
kill -9 $b; wait $b 2>/dev/null || true
"$old/producer" workers quarantine $at worker-b
# Complaints and strikes need a hostile worker. Its record is stored here as a supervisor of this release stores it.
"$old/producer" status $at open >&2
python3 - $port <<'P'
import json, socket, sys
strikes = [{"time": "2026-11-30T00:00:00Z", "job": "done", "range": "0-20", "seq": n, "reason": "wrong product"} for n in (1, 2)]
record = json.dumps({"worker": "worker-c", "strikes": strikes, "complaints": {"return dropped": 3}})
s = socket.create_connection(("127.0.0.1", int(sys.argv[1]))); s.recv(4096)
s.sendall(("CONNECT {}\r\nPUB $KV.FACTOR_JOBS.worker.worker-c %d\r\n%s\r\nPING\r\n" % (len(record), record)).encode()); s.recv(4096)
P
"$old/producer" workers ls $at >&2
kill $server; wait $server || true

# The server with keys.
run() { "$old/embedded" run --store secure/store --secure secure/keys -n $1 --listen 127.0.0.1:$port 2>run.err & node=$!; await grep -q "keys add" run.err; }
as="--context secure/keys/producer.json"
run 1
"$old/producer" submit $as --id done $keep --chunk 20 --range 1000000001:1000000180 >/dev/null
kill $node; wait $node || true
run 0
tail -60 open.txt >secure/open.txt
"$old/producer" submit $as --detach --id open $keep --chunk 6 -f secure/open.txt >/dev/null
kill $node; wait $node || true

tar --owner=0 --group=0 -czf "$here/store.tar.gz" store open.txt
tar --owner=0 --group=0 -czf "$here/secure.tar.gz" -C secure store keys open.txt
ls -l "$here"
