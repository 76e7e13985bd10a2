"""Rows about loading: what it costs while others serve, what a second version takes, and what a thousand models do."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import time

import http_requests
from measure import SLIPWAY, WORK, Server, load, median, memory_bytes, output_of
from workloads import HTTP_SMALL, MIB, MLP_ALONE, MODELS, STORE, Row, Workload, publish, write_request

RESNET = Workload("resnet50", (1, 224, 224, 3), http_requests.as_binary, 1, 5000)
SMALL = HTTP_SMALL[0]
RELOADS = 9
TURNS = 5  # without loads and with them
TURN_MS = 8000
ALONE_MS = 10_000
MANY = 1000


def publish_twice(name):
    """Two versions of one graph: they differ in what is said of them alone."""
    publish([name])
    configuration = WORK / "second.json"
    configuration.write_text('{"max_batch_size": 4}')
    environment = {**os.environ, "SLIPWAY_STORE": str(STORE)}
    output_of(SLIPWAY, "push", MODELS / f"{name}.h5", "--name", name, "--config", configuration, env=environment)


def control(server, path, body=None):
    key = (pathlib.Path(STORE) / "admin.key").read_text().strip()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", f"/v2/repository/models/{path}", json.dumps(body or {}), {"Slipway-Key": key})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")


def load_beside(server, name, version):
    control(server, f"{name}/load", {"parameters": {"version": version}})


def replace_by(server, name, version):
    """Milliseconds from asking for this version, and no other, to ready."""
    policy = json.dumps({"version_policy": {"specific": {"versions": [version]}}})
    start = time.monotonic()
    control(server, f"{name}/load", {"parameters": {"config": policy}})
    return (time.monotonic() - start) * 1000


def private_bytes(pid):
    """Memory that is this process's alone and of no file."""
    return memory_bytes(pid, "RssAnon")


def replace_until(driven, server, name):
    """Milliseconds of each load; the version that serves first must not be the first."""
    times = []
    time.sleep(0.5)
    while not driven.done():
        times.append(replace_by(server, name, 1 + len(times) % 2))
        time.sleep(1)
    if len(times) % 2:
        replace_by(server, name, 2)
    return times


def reloading():
    publish_twice("resnet50")
    with Server(["resnet50:1"], STORE):
        pass  # it is compiled, and kept
    with Server(["resnet50:1"], STORE) as server, concurrent.futures.ThreadPoolExecutor() as pool:
        request = write_request(server, RESNET)
        load(server, request, 1, 1000)
        before = private_bytes(server.pid)
        load_beside(server, "resnet50", 2)
        second = private_bytes(server.pid) - before
        replace_by(server, "resnet50", 2)  # so that each of the following loads one
        times, alone, beside = [], [], []
        for _ in range(TURNS):
            alone.append(load(server, request, RESNET.connections, TURN_MS))
            driven = pool.submit(load, server, request, RESNET.connections, TURN_MS)
            times += replace_until(driven, server, "resnet50")
            beside.append(driven.result())  # a request that fails is an error of the load
    yield Row("load to ready of a ResNet-50 under load, compiled before", "ms", median(times), 100, 50, f"from {min(times):.0f} to {max(times):.0f} in {len(times)} loads")
    yield Row("p99 of its requests meanwhile, to that without loads", "ratio", median([b["p99_us"] / a["p99_us"] for a, b in zip(alone, beside)]), 1.5, 1.2,
              f"{median([a['p99_us'] for a in alone]) / 1000:.1f} ms alone, {median([b['p99_us'] for b in beside]) / 1000:.1f} beside, the median of {TURNS} turns of each; "
              f"{sum(b['answers'] for b in beside)} answers, none failed")
    yield Row("memory of a second version of one graph, its own", "MiB", second / MIB, 10, 5, f"beside {before / MIB:.0f} MiB of the process")
    times = []
    for _ in range(RELOADS):
        with Server(["resnet50:1"], STORE) as server:
            times.append(server.start_seconds * 1000)
    yield Row("exec to ready, a published ResNet-50, compiled before", "ms", median(times), 120, 80, f"from {min(times):.0f} to {max(times):.0f} in {len(times)} starts")


def publish_many(source, names):
    environment = {**os.environ, "SLIPWAY_STORE": str(STORE)}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: output_of(SLIPWAY, "push", source, "--name", name, env=environment), names))


def many_models():
    publish(["iris"])
    others = [f"iris{i}" for i in range(1, MANY)]
    publish_many(MODELS / "iris.h5", others)
    with Server(["iris"], STORE) as one, Server([*others, "iris"], STORE) as many:
        serving = [(one, []), (many, [])]
        requests = {server: write_request(server, SMALL) for server, _ in serving}
        for server, _ in serving:
            SMALL.drive(server, requests[server], 500)
        for _ in range(9):
            for server, costs in serving:
                costs.append(SMALL.drive(server, requests[server], SMALL.milliseconds)["cpu_us"])
        grown = (memory_bytes(many.pid, "VmRSS") - memory_bytes(one.pid, "VmRSS")) / MIB / (MANY - 1)
    (_, alone), (_, among) = serving
    yield Row(f"CPU of a small request among {MANY} models, to that of one model", "ratio", median([b / a for a, b in zip(alone, among)]), 1.1, 1.03,
              f"{min(among):.1f} us among them, {min(alone):.1f} us alone")
    yield Row(f"resident memory for each of {MANY} tiny models", "MiB", grown, 0.3, 0.1, "beside a server of one of them")


def loading_beside():
    publish(["mlp", "resnet50"])
    with Server(["mlp"], STORE) as server:
        request = write_request(server, MLP_ALONE)
        MLP_ALONE.drive(server, request, 500)
        alone = MLP_ALONE.drive(server, request, ALONE_MS)
        loads = 0
        with concurrent.futures.ThreadPoolExecutor() as pool:
            driven = pool.submit(MLP_ALONE.drive, server, request, ALONE_MS)
            while not driven.done():
                control(server, "resnet50/load")
                control(server, "resnet50/unload")
                loads += 1
            beside = driven.result()
        yield Row("p99 of an MLP request while another model loads, to that without", "ratio", beside["p99_us"] / alone["p99_us"], 1.5, 1.2,
                  f"{alone['p99_us'] / 1000:.3f} ms alone, {beside['p99_us'] / 1000:.3f} beside {loads} loads of a ResNet-50")
        for _ in range(100):
            control(server, "resnet50/load")
            control(server, "resnet50/unload")
        before = memory_bytes(server.pid, "VmRSS")
        for _ in range(MANY):
            control(server, "resnet50/load")
            control(server, "resnet50/unload")
        grown = (memory_bytes(server.pid, "VmRSS") - before) / MIB
        yield Row(f"growth of resident memory over {MANY} loads and unloads of a ResNet-50", "MiB", grown, 5, 1, f"beside {before / MIB:.0f} MiB of the process")
