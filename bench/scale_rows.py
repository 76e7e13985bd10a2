"""Rows that count in thousands: requests beyond what can be borne, connections that do nothing, a million answers."""
import contextlib
import dataclasses
import resource
import socket

from measure import BUILD, SERVER_CORE, Server, json_of, load, median, memory_bytes, on_core, open_load
from workloads import HTTP_SMALL, MIB, MOBILENET, ROUNDS, STORE, WIDE, Row, are_enough, comparable, publish, write_request

OVERLOAD_CONNECTIONS = 250  # the server takes 256 from one address
OVERLOAD_QUEUE = 128  # requests wait: fewer than there are connections, or what is too much would wait in the client
OVERLOAD_ROUNDS = 11
MOST_REFUSED = 7_000  # a second, by a core that has something else to do
IDLE_CONNECTIONS = 9_900  # with the busy ones less than the 10,000 that a server takes
IDLE_PER_ADDRESS = 200
MANY_ANSWERS = 1_000_000


def overload():
    """An open loop: requests keep coming however few are answered."""
    yield from overload_of(WIDE, "a wide MLP", deadline=0.25, factors=(2, 10))
    yield from overload_of(MOBILENET, "MobileNetV2", deadline=2, factors=(2, 10))


def overload_of(workload, title, deadline, factors):
    """What the server bears is measured before and after each turn of too much, for a machine may change its speed in between."""
    publish([workload.model])
    with Server([workload.model], STORE, options=("--deadline", deadline, "--max-queued", OVERLOAD_QUEUE)) as server:
        request = write_request(server, workload)

        def bears():
            server.wait_for_connections(at_most=1)
            return rate_of(load(server, request, workload.connections, 1500))

        load(server, request, workload.connections, 3000)  # the batches are learned
        borne = [bears()]
        turns = {factor: [] for factor in factors}
        while not all(are_enough(taken, OVERLOAD_ROUNDS) for taken in turns.values()):
            for factor, taken in turns.items():
                server.wait_for_connections(at_most=1)
                report = open_load(server, request, OVERLOAD_CONNECTIONS, 3000, round(factor * median(borne)))
                borne.append(bears())
                taken.append(Turn(borne[-2], report, borne[-1]))
    for factor, taken in turns.items():
        yield from overload_rows(f"{title} at {factor} times what the server bears", taken, deadline, median(borne), factor)


@dataclasses.dataclass
class Turn:
    """Of too much, and what the server bore before it and after it, a second."""
    before: float
    report: dict
    after: float

    @property
    def around(self):
        return 1 / self.before, 1 / self.after

    @property
    def goodput(self):
        return rate_of(self.report) / ((self.before + self.after) / 2)


def overload_rows(title, turns, deadline, capacity, factor):
    fast = comparable(turns, OVERLOAD_ROUNDS)
    goodputs = sorted(turn.goodput for turn in fast)
    reports = [turn.report for turn in turns]
    answers, refusals, failures, seconds = (sum(report[what] for report in reports) for what in ("answers", "refusals", "failures", "seconds"))
    beside = (f"{len(fast)} of {len(turns)} turns compared, {goodputs[0]:.2f} to {goodputs[-1]:.2f}, "
              f"over all of them {median([turn.goodput for turn in turns]):.2f}; it bears {capacity:.0f}/s; "
              f"{answers / seconds:.0f}/s answered, {refusals / seconds:.0f}/s refused, {failures - refusals} failed otherwise")
    yield Row(f"goodput of {title}, to that", "ratio", median(goodputs), 0.9, 0.97, beside, higher_is_better=True)
    if (factor - 1) * capacity < MOST_REFUSED:  # else what is measured is how long requests waited in the client
        latency = median([report["p99_us"] for report in reports]) / 1e6
        yield Row(f"p99 of what it accepts then, to their deadline of {deadline * 1000:.0f} ms", "ratio", latency / deadline, 1, 0.5, beside)


def rate_of(report):
    return report["answers"] / report["seconds"]


@contextlib.contextmanager
def idle_connections(server, count):
    """So many connections that had one answer each and now wait, from as many loopback addresses as one server allows them."""
    request = b"GET /v2/health/live HTTP/1.1\r\nHost: bench\r\n\r\n"
    with contextlib.ExitStack() as open_ones:
        for number in range(count):
            source = (f"127.0.1.{1 + number // IDLE_PER_ADDRESS}", 0)
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=source))
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"connection {number} was not answered")
        yield


def connections():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    publish(["iris"])
    small = HTTP_SMALL[0]
    alone, beside_idle, growths = [], [], []
    with Server(["iris"], STORE) as server:
        request = write_request(server, small)
        small.drive(server, request, small.milliseconds)
        resident = memory_bytes(server.pid, "VmRSS")
        for _ in range(ROUNDS):
            alone.append(small.drive(server, request, small.milliseconds)["cpu_us"])
            with idle_connections(server, IDLE_CONNECTIONS):
                beside_idle.append(small.drive(server, request, small.milliseconds)["cpu_us"])
                growths.append((memory_bytes(server.pid, "VmRSS") - resident) / IDLE_CONNECTIONS)
    growth = median([(idle - one) / one * 100 for one, idle in zip(alone, beside_idle)])
    yield Row(f"CPU of a small request beside {IDLE_CONNECTIONS} idle connections, more than without", "%", growth, 10, 3,
              f"{median(alone):.1f} us without, {median(beside_idle):.1f} with them; "
              f"an idle connection takes {growths[0] / 1024:.1f} KiB, {growths[-1] / 1024:.1f} when they have come and gone {ROUNDS} times")


def a_million():
    publish(["iris"])
    with Server(["iris"], STORE) as server:
        request = write_request(server, HTTP_SMALL[0])
        answers = load(server, request, 32, 2000)["answers"]
        before = memory_bytes(server.pid, "VmRSS")
        while answers < MANY_ANSWERS:
            answers += load(server, request, 32, 5000)["answers"]
        growth = memory_bytes(server.pid, "VmRSS") - before
    yield Row(f"growth of resident memory over {answers / 1e6:.1f} million requests", "MiB", growth / MIB, 1, 0.1, f"from {before / MIB:.1f} MiB, 32 connections")


def counting():
    nanoseconds = median([json_of(*on_core(SERVER_CORE, BUILD / "bench" / "bench_metrics"))["nanoseconds"] for _ in range(ROUNDS)])
    yield Row("what is counted of one request", "us", nanoseconds / 1000, 0.2, 0.1, "one answer, one run, their times and histograms")
