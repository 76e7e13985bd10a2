"""What is measured: one function for a group of rows, each row with its bar. Those that count in thousands are in scale_rows.py, those
of loading in version_rows.py."""
import os
import shutil
import subprocess
import time

import isolation_rows
import scale_rows
import version_rows
from measure import (SERVER_CORE, SLIPWAY, WORK, Server, background_load, children_of, cpu_seconds, load, median, memory_bytes, on_core,
                     output_of)
from workloads import (ALONE, GRPC_MULTIPLEXED, GRPC_SMALL, HTTP_SMALL, LARGE_BINARY, LARGE_GRPC, LARGE_JSON, MIB, MLP_ALONE, MLP_BINARY,
                       MLP_MULTIPLEXED, MNIST, MOBILENET, MODELS, ROUNDS, STORE, WIDE, Row, measure_bare_http2, measure_workload, publish, write_request)


def small_requests():
    publish(["iris"])
    for workload in HTTP_SMALL:
        measured = measure_workload(workload)
        kind = workload.encode.__name__.removeprefix("as_")
        yield Row(f"CPU of a small request above the model, iris in {kind}", "us", measured.above, 12, 8, measured.beside)
        if kind == "json":
            yield Row("CPU of a small request in all, iris in json", "us", measured.served, 14, 10, measured.beside)


def grpc_small_requests():
    publish(["iris"])
    for workload, form, goal, least, better in ((GRPC_SMALL, "16 connections", 12, 2, 3), (GRPC_MULTIPLEXED, "multiplexed", 6, 3, 4)):
        measured = measure_workload(workload)
        beside = f"{measured.beside}; HTTP/2 alone by nghttpd {measure_bare_http2(workload):.1f} us"
        yield Row(f"CPU of a small gRPC request above the model, iris, {form}", "us", measured.above, 12, goal, beside)
        yield Row(f"the same, grpc++ with a completion queue and no model to ours, {form}", "ratio", measured.advantage, least, better, beside,
                  higher_is_better=True)
        measured = measure_workload(workload.against("synchronous"))
        yield Row(f"the same, a synchronous grpc++ server without a model to ours, {form}", "ratio", measured.advantage, least, better, measured.beside,
                  higher_is_better=True)


def batched():
    publish(["mlp"])
    measured = measure_workload(MLP_BINARY)
    yield Row("CPU of an MLP request in all, batched, in binary", "us", measured.served, 14, 8.7, measured.beside)
    measured = measure_workload(MLP_MULTIPLEXED)
    yield Row("CPU of an MLP request in all, batched, by gRPC multiplexed", "us", measured.served, 14, 8.7, measured.beside)
    yield Row("in-process / served CPU on one core, MLP, batched", "ratio", measured.ratio, 1, 1.3, measured.beside, higher_is_better=True)


def learned():
    publish(["wide"])
    measured = measure_workload(WIDE)
    yield Row("in-process / served CPU on one core, a wide MLP that learns its batches", "ratio", measured.ratio, 1.5, 3, measured.beside,
              higher_is_better=True)


def latency():
    publish(["iris"])
    ours, echoed = [], []
    with Server(["iris"], STORE) as server, ALONE.reference() as echo:
        request = write_request(server, ALONE)
        for _ in range(ROUNDS):
            ours.append(ALONE.drive(server, request, ALONE.milliseconds)["p50_us"])
            echoed.append(ALONE.drive(echo, request, ALONE.milliseconds)["p50_us"])
    yield Row("p50 above a bare echo at one connection, iris in json", "us", min(ours) - min(echoed), 40, 10,
              f"served {min(ours):.1f}, bare echo {min(echoed):.1f} us, the least of {ROUNDS} rounds")


def beside():
    publish(["mlp", "mobilenetv2"])
    with Server(["mlp", "mobilenetv2"], STORE) as server:
        small, large = write_request(server, MLP_ALONE), write_request(server, MOBILENET)
        alone = MLP_ALONE.drive(server, small, MLP_ALONE.milliseconds)
        with background_load(server, large, 4):
            time.sleep(1)
            before = server.answers("mobilenetv2")
            together = MLP_ALONE.drive(server, small, MLP_ALONE.milliseconds)
            large_rate = (server.answers("mobilenetv2") - before) / (MLP_ALONE.milliseconds / 1000)
    yield Row("p99 of an MLP request while MobileNetV2 keeps every core busy", "ms", together["p99_us"] / 1000, 5, 1,
              f"alone {alone['p99_us'] / 1000:.3f} ms; {together['answers']} answers of the MLP beside {large_rate:.0f}/s of MobileNetV2")


def served_ratio():
    publish(["mnist", "mobilenetv2"])
    for workload, passes, goal, title in ((MNIST, 0.75, 0.9, "MNIST CNN"), (MOBILENET, 0.97, 0.985, "MobileNetV2")):
        measured = measure_workload(workload)
        yield Row(f"in-process / served CPU on one core, {title}", "ratio", measured.ratio, passes, goal, measured.beside, higher_is_better=True)


def large_tensors():
    publish(["pool224"])
    for workload, passes, goal, title in ((LARGE_BINARY, 150, 95, "a 602 kB tensor in binary"), (LARGE_JSON, 2000, 800, "the same tensor as JSON"),
                                          (LARGE_GRPC, 150, 95, "the same tensor by gRPC")):
        measured = measure_workload(workload)
        yield Row(f"CPU of {title} above the model", "us", measured.above, passes, goal, measured.beside)


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
            load(server, write_request(server, HTTP_SMALL[0]), 4, 200)
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
GROUPS = {"start": starting, "idle": idle, "memory": memory, "import": importing, "small": small_requests, "grpc": grpc_small_requests, "batched": batched, "learned": learned,
          "latency": latency, "beside": beside, "large": large_tensors, "ratio": served_ratio, "overload": scale_rows.overload,
          "connections": scale_rows.connections, "reload": version_rows.reloading, "many": version_rows.many_models,
          "loading": version_rows.loading_beside, "isolation": isolation_rows.isolation, "million": scale_rows.a_million, "counting": scale_rows.counting}


def fresh_work_folder():
    shutil.rmtree(STORE, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)


def check_machine():
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        raise RuntimeError("bench needs two cores: one for the server, one for the client")
    output_of(*on_core(SERVER_CORE, "true"))
