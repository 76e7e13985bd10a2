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
    """One request over gRPC, and a server on grpc++ that runs no model as the reference."""
    streams: int = 1

    reference_title = "grpc++ without a model"

    def reference(self):
        return Reference("bench_grpc_reference")

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
MLP_BINARY = Workload("mlp", (1, 784), http_requests.as_binary, 64, 1000)
MLP_MULTIPLEXED = GrpcWorkload("mlp", (1, 784), grpc_requests.as_grpc, 4, 1000, streams=16)
MLP_ALONE = Workload("mlp", (1, 784), http_requests.as_binary, 1, 2000)
WIDE = Workload("wide", (1, 784), http_requests.as_binary, 16, 2000)
ALONE = Workload("iris", (1, 4), http_requests.as_json, 1, 500)
MNIST = Workload("mnist", (1, 28, 28, 1), http_requests.as_binary, 32, 1000)
MOBILENET = Workload("mobilenetv2", (1, 224, 224, 3), http_requests.as_binary, 8, 1000, rounds=15)
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


def measure_workload(workload):
    """Rounds of server, reference and loop in turn."""
    reports, served, reference, bare = [], [], [], []
    with Server([workload.model], STORE) as server, workload.reference() as other:
        request = write_request(server, workload)
        if isinstance(workload, GrpcWorkload):
            grpc_requests.check_that_it_answers(server.port, request.read_bytes())
        workload.drive(server, request, workload.milliseconds // 4)
        for _ in range(workload.rounds):
            reports.append(workload.drive(server, request, workload.milliseconds))
            served.append(reports[-1]["cpu_us"])
            reference.append(workload.drive(other, request, min(workload.milliseconds, 700))["cpu_us"])
            bare.append(in_process(MODELS / f"{workload.model}.onnx", workload.milliseconds // 2))
    above = [one - model for one, model in zip(served, bare)]
    return Measured(served=min(served), reference=min(reference), above=min(served) - min(bare),
                    ratio=median([model / one for one, model in zip(served, bare)]),
                    advantage=median([other / one for one, other in zip(above, reference)]),
                    beside=f"served {min(served):.1f}, its median {median(served):.1f}, in-process {min(bare):.1f}, "
                           f"{workload.reference_title} {min(reference):.1f} us a request; {workload.describe(reports)}")
