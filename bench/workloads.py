"""What is driven, and what a measured figure is."""
import dataclasses
import os
import pathlib

import numpy as np

import grpc_requests
import http_requests
from measure import SLIPWAY, WORK, BareHttp2, Reference, Server, grpc_load, in_process, load, median, output_of

MODELS = WORK / "models"
STORE = WORK / "store"
ROUNDS = 9
STEADY = 1.1  # so little may the machine's speed before a turn differ from that after it
MOST_TURNS = 3  # times as many as are wanted, on a machine that changes its speed
WARM_UP_MS = 1000
MIB = 1 << 20


@dataclasses.dataclass
class Row:
    """One measured figure. `higher_is_better` turns the comparison with `passes` and `goal` round."""
    name: str
    unit: str
    value: float
    passes: float
    goal: float
    beside: str  # what was measured next to it in the same run
    higher_is_better: bool = False

    def reaches(self, bar):
        return self.value >= bar if self.higher_is_better else self.value <= bar

    @property
    def verdict(self):
        if not self.reaches(self.passes):
            return "FAIL"
        return "PASS, goal reached" if self.reaches(self.goal) else "PASS"


@dataclasses.dataclass
class Workload:
    """One request over HTTP/1.1, and the echo of it as the reference."""
    model: str
    shape: tuple
    encode: object  # of requests
    connections: int
    milliseconds: int
    rounds: int = ROUNDS

    reference_title = "bare echo"

    def reference(self):
        return Reference("bench_echo", 180)

    def drive(self, target, request, milliseconds):
        return load(target, request, self.connections, milliseconds)

    def describe(self, reports):
        return f"{self.connections} connections, p99 {median([report['p99_us'] for report in reports]):.0f} us"


@dataclasses.dataclass
class GrpcWorkload(Workload):
    """One request over gRPC, and a server on grpc++ that runs no model as the reference: "queue" or "synchronous"."""
    streams: int = 1
    yardstick: str = "queue"

    @property
    def reference_title(self):
        return f"grpc++ ({self.yardstick}) without a model"

    def reference(self):
        return Reference("bench_grpc_reference", self.yardstick)

    def against(self, yardstick):
        return dataclasses.replace(self, yardstick=yardstick)

    def drive(self, target, request, milliseconds):
        return grpc_load(target, request, self.connections, self.streams, milliseconds)

    def describe(self, reports):
        return f"{self.streams} calls at a time on each of {super().describe(reports)}"


@dataclasses.dataclass
class Measured:
    """CPU microseconds a request: the least of the rounds, which others on the machine can only raise; and ratios, the median of those of each round."""
    served: float
    reference: float
    above: float  # the model
    ratio: float  # in-process / served
    advantage: float  # reference / above
    beside: str


HTTP_SMALL = [Workload("iris", (1, 4), http_requests.as_json, 32, 700), Workload("iris", (1, 4), http_requests.as_binary, 32, 700)]
GRPC_SMALL = GrpcWorkload("iris", (1, 4), grpc_requests.as_grpc, 16, 700)
GRPC_MULTIPLEXED = GrpcWorkload("iris", (1, 4), grpc_requests.as_grpc, 4, 700, streams=16)
MLP_BINARY = Workload("mlp", (1, 784), http_requests.as_binary, 64, 500, rounds=15)
MLP_MULTIPLEXED = GrpcWorkload("mlp", (1, 784), grpc_requests.as_grpc, 4, 500, rounds=15, streams=16)
MLP_ALONE = Workload("mlp", (1, 784), http_requests.as_binary, 1, 2000)
WIDE = Workload("wide", (1, 784), http_requests.as_binary, 16, 2000)
ALONE = Workload("iris", (1, 4), http_requests.as_json, 1, 500)
MNIST = Workload("mnist", (1, 28, 28, 1), http_requests.as_binary, 32, 500, rounds=15)
MOBILENET = Workload("mobilenetv2", (1, 224, 224, 3), http_requests.as_binary, 8, 400, rounds=45)
LARGE_BINARY = Workload("pool224", (1, 224, 224, 3), http_requests.as_binary, 8, 1000)
LARGE_JSON = Workload("pool224", (1, 224, 224, 3), http_requests.as_json, 8, 2000)
LARGE_GRPC = GrpcWorkload("pool224", (1, 224, 224, 3), grpc_requests.as_grpc, 8, 1000)


def publish(names):
    """Imports the benchmark's models into a store of its own and beside it as ONNX, for the loop without a server."""
    sources = {name: MODELS / f"{name}.h5" for name in names if name != "mnist"}
    if "mnist" in names:
        sources["mnist"] = pathlib.Path("examples/mnist/mnist.h5")
    environment = {**os.environ, "SLIPWAY_STORE": str(STORE)}
    for name, source in sources.items():
        output_of(SLIPWAY, "push", source, "--name", name, env=environment)
        (MODELS / f"{name}.onnx").unlink(missing_ok=True)
        output_of(SLIPWAY, "import", source, "-o", MODELS / f"{name}.onnx")


def write_request(server, workload):
    array = np.random.default_rng(1).random(workload.shape, dtype="float32")
    path = WORK / f"{workload.model}.{workload.encode.__name__}.http"
    path.write_bytes(workload.encode(workload.model, server.input_name(workload.model), array))
    return path


def measure_bare_http2(workload):
    """CPU microseconds of a request of a gRPC workload at a server that does nothing but HTTP/2."""
    request = WORK / f"{workload.model}.{workload.encode.__name__}.http"
    with BareHttp2() as bare:
        return min(workload.drive(bare, request, workload.milliseconds)["cpu_us"] for _ in range(workload.rounds))


@dataclasses.dataclass
class Round:
    """CPU microseconds of a request in one turn each: the loop ran right before the server and right after it."""
    reference: float
    before: float
    served: float
    after: float

    @property
    def bare(self):
        return (self.before + self.after) / 2

    @property
    def ratio(self):
        return self.bare / self.served

    @property
    def around(self):
        return self.before, self.after


def at_one_speed(rounds):
    """Those before and after which the machine was as fast."""
    return [one for one in rounds if max(one.around) < STEADY * min(one.around)]


def are_enough(rounds, wanted):
    """So many, half of them at one speed; where the machine does not let that be, as many as it is worth trying."""
    if len(rounds) < wanted:
        return False
    return len(at_one_speed(rounds)) >= wanted // 2 or len(rounds) >= MOST_TURNS * wanted


def comparable(rounds, wanted):
    """The faster half of those at one speed: ADR 41 says why."""
    steady = at_one_speed(rounds)
    if len(steady) < wanted // 3:
        raise RuntimeError(f"the machine changed its speed in {len(rounds) - len(steady)} of {len(rounds)} turns: nothing can be compared on it")
    return sorted(steady, key=lambda one: sum(one.around))[:(len(steady) + 1) // 2]


def measure_workload(workload):
    """Rounds of reference, loop, server and loop in turn, until are_enough()."""
    rounds, reports = [], []
    graph = MODELS / f"{workload.model}.onnx"
    with Server([workload.model], STORE) as server, workload.reference() as other:
        request = write_request(server, workload)
        if isinstance(workload, GrpcWorkload):
            grpc_requests.check_that_it_answers(server.port, request.read_bytes())
        workload.drive(server, request, max(workload.milliseconds // 4, WARM_UP_MS))
        while not are_enough(rounds, workload.rounds):
            reference = workload.drive(other, request, min(workload.milliseconds, 700))["cpu_us"]
            before = in_process(graph, workload.milliseconds // 2)
            reports.append(workload.drive(server, request, workload.milliseconds))
            rounds.append(Round(reference, before, reports[-1]["cpu_us"], in_process(graph, workload.milliseconds // 2)))
    fast = comparable(rounds, workload.rounds)
    served, reference = min(one.served for one in rounds), min(one.reference for one in rounds)
    bare = min(min(one.before, one.after) for one in rounds)
    return Measured(served=served, reference=reference, above=served - bare, ratio=median([one.ratio for one in fast]),
                    advantage=median([one.reference / (one.served - one.bare) for one in fast]),
                    beside=f"served {served:.1f}, its median {median([one.served for one in rounds]):.1f}, in-process {bare:.1f}, "
                           f"{workload.reference_title} {reference:.1f} us a request; {len(fast)} of {len(rounds)} rounds compared, "
                           f"over all of them in-process / served {median([one.ratio for one in rounds]):.2f}; {workload.describe(reports)}")
