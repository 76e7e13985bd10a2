"""What is measured: one function for a group of rows, each row with its bar."""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import time

import numpy as np

import http_requests
from measure import SERVER_CORE, SLIPWAY, WORK, Echo, Server, children_of, cpu_seconds, in_process, load, median, memory_bytes, on_core, output_of

MODELS = WORK / "models"
STORE = WORK / "store"
ROUNDS = 5
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
    model: str
    shape: tuple
    encode: object  # of requests
    connections: int
    milliseconds: int


SMALL = [Workload("iris", (1, 4), http_requests.as_json, 32, 700), Workload("iris", (1, 4), http_requests.as_binary, 32, 700)]
MNIST = Workload("mnist", (1, 28, 28, 1), http_requests.as_binary, 32, 1000)
MOBILENET = Workload("mobilenetv2", (1, 224, 224, 3), http_requests.as_binary, 8, 3000)
LARGE_BINARY = Workload("pool224", (1, 224, 224, 3), http_requests.as_binary, 8, 1000)
LARGE_JSON = Workload("pool224", (1, 224, 224, 3), http_requests.as_json, 8, 2000)


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


def measure_workload(workload):
    """Rounds of server, echo and loop in turn: the CPU microseconds of each, as medians over the rounds."""
    served, echoed, bare, latency = [], [], [], []
    with Server([workload.model], STORE) as server, Echo(180) as echo:
        request = write_request(server, workload)
        load(server, request, workload.connections, workload.milliseconds // 4)
        for _ in range(ROUNDS):
            report = load(server, request, workload.connections, workload.milliseconds)
            served.append(report["cpu_us"])
            latency.append(report["p99_us"])
            echoed.append(load(echo, request, workload.connections, min(workload.milliseconds, 700))["cpu_us"])
            bare.append(in_process(MODELS / f"{workload.model}.onnx", workload.milliseconds // 2))
    above = [one - other for one, other in zip(served, bare)]
    ratio = [other / one for one, other in zip(served, bare)]
    beside = (f"served {median(served):.1f}, in-process {median(bare):.1f}, bare echo {median(echoed):.1f} us a request; "
              f"{workload.connections} connections, p99 {median(latency):.0f} us")
    return median(above), median(ratio), beside


def small_requests():
    publish(["iris"])
    for workload in SMALL:
        above, _, beside = measure_workload(workload)
        kind = workload.encode.__name__.removeprefix("as_")
        yield Row(f"CPU of a small request above the model, iris in {kind}", "us", above, 12, 8, beside)


def served_ratio():
    publish(["mnist", "mobilenetv2"])
    for workload, passes, goal, title in ((MNIST, 0.75, 0.9, "MNIST CNN"), (MOBILENET, 0.97, 0.985, "MobileNetV2")):
        _, ratio, beside = measure_workload(workload)
        yield Row(f"in-process / served CPU on one core, {title}", "ratio", ratio, passes, goal, beside, higher_is_better=True)


def large_tensors():
    publish(["pool224"])
    for workload, passes, goal, title in ((LARGE_BINARY, 150, 95, "602 kB tensor in binary"), (LARGE_JSON, 2000, 800, "the same tensor as JSON")):
        above, _, beside = measure_workload(workload)
        yield Row(f"CPU of a {title} above the model" if passes == 150 else f"CPU of {title} above the model", "us", above, passes, goal, beside)


def import_once(source, target):
    """Seconds, and the sum of the peaks of resident memory of slipway and slipway-import, which need not fall together."""
    target.unlink(missing_ok=True)
    start = time.monotonic()
    process = subprocess.Popen([SLIPWAY, "import", source, "-o", target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peaks = {}
    while process.poll() is None:
        for pid in (process.pid, *children_of(process.pid)):
            # The last word of a process counts: before its exec a child shows its parent's memory.
            peaks[pid] = memory_bytes(pid, "VmHWM") or peaks.get(pid, 0)
        time.sleep(0.001)
    seconds = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"importing {source.name} failed")
    return seconds, sum(peaks.values())


def importing():
    source = MODELS / "resnet50.h5"
    runs = [import_once(source, WORK / "resnet50.onnx") for _ in range(3)]
    size = source.stat().st_size
    peak = median([peak for _, peak in runs])
    yield Row("import of a ResNet-50 .h5", "s", median([seconds for seconds, _ in runs]), 2, 1, f"file of {size / 1e6:.0f} MB, self-check included")
    yield Row("summed peak memory of import, parent and child, to the file's size", "ratio", peak / size, 1.5, 1.5, f"{peak / MIB:.0f} MiB, mapped weights included")


def starting():
    publish(["iris"])
    times = []
    for _ in range(9):
        with Server(["iris"], STORE) as server:
            times.append(server.start_seconds * 1000)
    yield Row("exec to ready, a published small model", "ms", median(times), 200, 40, f"from {min(times):.0f} to {max(times):.0f} in {len(times)} starts")
    times = []
    for _ in range(3):
        with Server([MODELS / "iris.h5"], STORE) as server:
            times.append(server.start_seconds * 1000)
    yield Row("exec to ready, a small .h5 file", "ms", median(times), 2000, 500, "import and self-check included")


def memory():
    further = [f"iris_{number}" for number in range(50)]
    publish(["iris"])
    environment = {**os.environ, "SLIPWAY_STORE": str(STORE)}
    for name in further:
        output_of(SLIPWAY, "push", MODELS / "iris.h5", "--name", name, env=environment)
    resident = []
    for names in (["iris"], ["iris", *further]):
        with Server(names, STORE) as server:
            load(server, write_request(server, SMALL[0]), 4, 200)
            resident.append(memory_bytes(server.pid, "VmRSS") / MIB)
    yield Row("resident memory with one small model", "MiB", resident[0], 60, 45, "after some thousand requests")
    yield Row("resident memory for each further small model", "MiB", (resident[1] - resident[0]) / len(further), 0.3, 0.1, f"{len(further)} more")


def idle():
    publish(["iris"])
    with Server(["iris"], STORE) as server:
        time.sleep(1)
        before = cpu_seconds(server.pid)
        time.sleep(10)
        share = (cpu_seconds(server.pid) - before) / 10 * 100
    yield Row("CPU of an idle server", "%", share, 0.1, 0.01, "over 10 s, one model loaded")


# Quiet ones first: what a start costs is measured before the machine is warm.
GROUPS = {"start": starting, "idle": idle, "memory": memory, "import": importing, "small": small_requests, "large": large_tensors, "ratio": served_ratio}


def fresh_work_folder():
    shutil.rmtree(STORE, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)


def check_machine():
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        raise RuntimeError("bench needs two cores: one for the server, one for the client")
    output_of(*on_core(SERVER_CORE, "true"))
