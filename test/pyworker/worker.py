"""A worker of the fleet in plain Python. ARCHITECTURE.md, "The wire", has the steps, and why.

It factors numbers below 2^64 and hands all others back. One thread does all: waits and computations call tick, which
sends the heartbeats. So they stop if the program hangs.
"""
import argparse, collections, itertools, json, math, os, random, re, select, signal, socket, sys, time, urllib.parse as url

VERSION, VARINT, NOW = "python", re.compile(rb"[\x80-\xff]*[\x00-\x7f]"), b'{"batch":1,"no_wait":true}'
INFO, PULL = (f"$JS.API.CONSUMER.{what}.FACTOR_TASKS.workers-" for what in ("INFO", "MSG.NEXT"))
def varint(n): return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
def varints(b): return [sum((c & 127) << 7 * i for i, c in enumerate(v)) for v in VARINT.findall(b)]
def field(number, value):  # of protobuf: a number, a text, bytes, or a list of numbers; nothing for a zero value
    if isinstance(value, int): return varint(number << 3) + varint(value) if value else b""
    data = b"".join(map(varint, value)) if isinstance(value, list) else value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data if data else b""
def encode(*values): return b"".join(field(i, v) for i, v in enumerate(values, 1))
def encode_numbers(ns): return encode(list(map(len, parts := [n.to_bytes((n.bit_length() + 7) // 8, "big") for n in ns])), b"".join(parts))
def decode(b):  # the last value of each field, of wire types 0 and 2
    values = {}
    while head := re.match(VARINT.pattern * 2, b, re.S):
        (key, n), b = varints(head[0]), b[head.end():]
        values[key >> 3], b = (b[:n], b[n:]) if key & 7 == 2 else (n, b)
    return values
def decode_numbers(b):
    sizes, data = varints(decode(b).get(1, b"")), decode(b).get(2, b"")
    return [int.from_bytes(data[end - n:end], "big") for n, end in zip(sizes, itertools.accumulate(sizes)) if end <= len(data)]

def is_prime(n):  # for 1 < n < 3.3 * 10^24: Miller-Rabin to the first 13 primes as bases (Sorenson and Webster)
    bases, s = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41), (n - 1 & 1 - n).bit_length() - 1
    if any(n % a == 0 for a in bases): return n in bases
    return all(x == 1 or any(pow(x, 1 << i, n) == n - 1 for i in range(s)) for x in (pow(a, n >> s, n) for a in bases))
def factor(n, tick):  # the primes of n >= 0, in any order; none of 0 and 1. Pollard's rho
    if n < 2 or is_prime(n): return [n][:n > 1]
    x = y = random.randrange(n)
    c, d = random.randrange(1, n), 2 - n % 2
    while d == 1:
        tick()
        x, y = (x * x + c) % n, ((y * y + c) ** 2 + c) % n
        d = math.gcd(x - y, n)
    return factor(d, tick) + factor(n // d, tick) if d < n else factor(n, tick)

class Worker:
    def __init__(self, server, name):
        self.url, self.name, self.started, self.sock = url.urlsplit(server), name, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), None
        self.inbox, self.key = (f"{stem}{name}.{random.getrandbits(60):x}" for stem in ("_INBOX_", "$KV.FACTOR_WORKERS."))
        self.tasks, self.answers, self.connections, self.asked, self.skip, self.done = [], {}, 0, 0, {}, [0, 0]
        self.state, self.stop, self.looked, self.beaten, self.wait, self.job, self.task = "running", 0.0, 0.0, -99.0, 30.0, "", ""
    def connect(self):
        self.sock = socket.create_connection((self.url.hostname, self.url.port or 4222), 5)
        self.file, self.connections = self.sock.makefile("rb", 1), self.connections + 1
        login = [(k, v and url.unquote(v)) for k, v in (("user", self.url.username), ("pass", self.url.password))]
        options = json.dumps(dict(login, verbose=False, headers=True, no_responders=True, lang="python", protocol=1))
        self.sock.sendall(f"CONNECT {options}\r\nSUB {self.inbox}.* 1\r\nSUB FACTOR.ctl.> 2\r\n".encode())
    def publish(self, subject, body=b"", reply="", header="Factor-Schema: 1"):  # false if there is no connection
        head = f"NATS/1.0\r\n{header}\r\n\r\n"
        try: self.sock.sendall(f"HPUB {subject} {reply} {len(head)} {len(head) + len(body)}\r\n{head}".encode() + body + b"\r\n")
        except (OSError, AttributeError): self.sock = None
        return self.sock is not None
    def receive(self, seconds):  # takes what the server sends, after waiting for at most so long
        try:
            if self.sock is None: time.sleep(0.05); self.connect()
            while select.select([self.sock], [], [], seconds)[0]:
                (word, *args), seconds = self.file.readline().decode().split(), 0
                if word == "PING": self.sock.sendall(b"PONG\r\n")
                if word == "-ERR" and "Authorization" in args[0]: sys.exit("worker.py: the server refuses the login")
                if word in ("MSG", "HMSG") and len(data := self.file.read(int(args[-1]) + 2)) == int(args[-1]) + 2:
                    self.take(args[0], args[2], data[:(head := word == "HMSG" and int(args[-2]))].decode(), data[head:-2])
        except (OSError, ValueError): self.sock = None
    def take(self, subject, reply, head, body):  # reply is a size if the message has no reply subject
        if reply.startswith("$JS.ACK."): self.tasks.append((subject, reply, head, body))
        elif not subject.startswith("FACTOR.ctl."): self.answers[subject] = body
        elif "\nFactor-Order:" in head:
            if subject == f"FACTOR.ctl.cancel.{self.job}": self.job = ""
            self.state = {f"quarantine.{self.name}": "quarantined", f"release.{self.name}": "running"}.get(subject[11:], self.state)
    def tick(self, seconds=0.0):  # sends the heartbeats that are due, and takes what the server sends
        now, tasks = time.monotonic(), [self.task] if self.task else []
        if self.stop and now > self.stop + 25: sys.exit("worker.py: stopped before the server has answered")
        if tasks and now - self.heard >= self.wait / 6 and self.publish(self.reply, b"+WPI"): self.heard = now
        if now - self.beaten >= min(10, self.wait / 2):
            status = dict(version=VERSION, host=socket.gethostname(), pid=os.getpid(), started=self.started, slots=1, busy=len(tasks),
                holding=tasks, tasks=self.done[0], numbers=self.done[1], state="draining" if self.stop else self.state)
            if self.publish(self.key, json.dumps(status).encode()): self.beaten = now
        if seconds or now - self.looked >= 0.05: self.looked = now; self.receive(seconds)
    def ask(self, subject, body=b"", seconds=5.0, pull=False):  # the answer; None if this connection has none, or a task comes
        self.asked, self.answers, connection, end = self.asked + 1, {}, self.connections, time.monotonic() + seconds
        self.publish(subject, body, inbox := f"{self.inbox}.{self.asked}")
        while inbox not in self.answers and connection == self.connections and time.monotonic() < end and not (pull and self.tasks):
            self.tick(0.1)
        return self.answers.get(inbox)
    def store(self, subject, body):  # returns when the stream has the message, or another one of the same subject
        while not re.match(rb'{"stream"|.*per subject', self.ask(subject, body) or b""): self.tick(0.2)
    def arrive(self, subject, reply, head, body):  # works on a task and settles it
        _, _, self.klass, self.job, chunk, rnd = subject.split(".")
        tokens, spent = reply.split("."), re.search(r"\nFactor-Spent: *(\d+)", head)
        self.attempt = int(tokens[6 if len(tokens) > 10 else 4]) + min(int(spent[1]) if spent else 0, 2)
        job, self.reply, self.task, self.heard = self.job, reply, f"{self.job}.{chunk}.{rnd}", time.monotonic()
        self.publish(reply, b"+WPI")
        returns = self.work(*map(int, chunk.split("-")), decode(body) if "\nFactor-Schema: 1\r" in head else {})
        if not (returns and time.monotonic() - self.heard > self.wait):  # else another worker has the task by now
            for first, count, reason in returns if self.job else ():
                body = encode(reason, "", min(count, 64) if reason == "isolate" else 1)
                self.store(f"FACTOR.returns.{job}.{first}-{count}.{rnd}.{self.name}", body)
            any(self.ask(reply, b"+ACK") is not None for _ in range(3))  # unanswered: the server has forgotten the delivery
        self.task = self.job = ""
    def work(self, first, count, task):  # stores the answers; returns what is to be handed back, and why
        leaves, last = self.stop or self.state != "running", count == 1 and self.attempt > 2
        if last and (leaves or self.attempt > 3): return [(first, count, "spared")]
        if leaves or count > 1 < self.attempt: return [(first, count, "isolate" if count > 1 < self.attempt else "drained")]
        ns = decode_numbers(task.get(2, b"")) if task.get(1) == b"factor" else [1 << 64]
        if len(ns) != count or any(n >> 64 for n in ns):
            self.skip[self.klass] = time.monotonic() + 1  # else the server would deliver the next such task at once
            return [(first, count, "unsupported" if len(ns) != count or all(n >> 64 for n in ns) else "isolate")]
        if count == 1 < self.attempt: self.publish(f"{self.key}-begun", f"begun {self.task}".encode())
        if last:  # a number that kills its worker is given up only if its worker has stored this before
            body = encode("factor", self.name, VERSION, 3, "the last attempt has begun", 0, int(time.time() * 1e3), task[2], self.klass)
            self.store(f"FACTOR.failed.{self.task}.3.{self.name}", body)
        answers, began, job, end = [], time.monotonic(), self.job, first + count
        for at, n in enumerate(ns, first + 1):
            cpu, powers = time.process_time_ns(), collections.Counter(factor(n, self.tick))
            answers.append((sorted(powers.items()), time.process_time_ns() - cpu))
            if not self.job or self.state != "running": return [(first, count, "drained")]
            if self.stop or at == end or time.monotonic() - began > 5:  # the answers since the last result make another one
                flat, some, elapsed = [power for powers, _ in answers for power in powers], len(answers), time.monotonic() - began
                self.store(f"FACTOR.results.{job}.{at - some}-{some}.{self.name}", encode(
                    "factor", self.name, VERSION, self.attempt, int(elapsed * 1e9), "rho", [0] * some, [cpu for _, cpu in answers],
                    [len(powers) for powers, _ in answers], [e for _, e in flat], b"\1" * len(flat), encode_numbers([p for p, _ in flat])))
                answers, began, self.done = [], time.monotonic(), [self.done[0] + (at == end), self.done[1] + some]
            if self.stop: return [(at, end - at, "drained")][:at < end]
        return []
    def run(self):
        while "config" not in (info := json.loads(self.ask(INFO + "norm") or b"{}")):
            if self.stop or "error" in info: sys.exit("worker.py: the server has no durable workers-norm: run `producer init` first")
        self.wait = info["config"]["ack_wait"] / 1e9
        print("worker ready", file=sys.stderr, flush=True)
        while not self.stop or self.tasks:
            for klass, body in ("hi", NOW), ("norm", NOW), ("low", NOW), ("norm", b'{"batch":1,"expires":1000000000}'):
                if not (self.tasks or self.stop or self.state != "running" or self.skip.get(klass, 0) > time.monotonic()):
                    self.ask(PULL + klass, body, 3, pull=True)
            self.tick(0 if self.tasks else 0.1)  # without tasks the server may have refused the requests
            while self.tasks: self.arrive(*self.tasks.pop(0))
        self.publish(self.key, header="KV-Operation: DEL")
        self.ask(INFO + "norm")

parser = argparse.ArgumentParser(description="Factor numbers below 2^64 for a fleet.")
parser.add_argument("--server", default=os.getenv("NATS_URL", "nats://127.0.0.1:4222"), help="nats://[USER:PASSWORD@]HOST:PORT")
parser.add_argument("--name", default="python", type=lambda text: re.fullmatch("[a-z0-9-]{1,32}", text)[0], help="1 to 32 of a-z 0-9 -")
worker = Worker(**vars(parser.parse_args()))
for s in signal.SIGTERM, signal.SIGINT: signal.signal(s, lambda *_: setattr(worker, "stop", worker.stop or time.monotonic()))
worker.run()
