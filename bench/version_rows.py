"""Rows about versions: what loading one costs while another serves, and what a second one takes."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import time

import http_requests
from measure import SLIPWAY, WORK, Server, load, median, memory_bytes, output_of
from workloads import MIB, MODELS, STORE, Row, Workload, publish, write_request

RESNET = Workload("resnet50", (1, 224, 224, 3), http_requests.as_binary, 1, 5000)
RELOADS = 9
ALONE_MS = 10_000


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


def reloading():
    publish_twice("resnet50")
    with Server(["resnet50:1"], STORE):
        pass  # it is compiled, and kept
    with Server(["resnet50:1"], STORE) as server:
        request = write_request(server, RESNET)
        load(server, request, 1, 1000)
        alone = load(server, request, RESNET.connections, ALONE_MS)
        before = private_bytes(server.pid)
        load_beside(server, "resnet50", 2)
        second = private_bytes(server.pid) - before
        times = []
        with concurrent.futures.ThreadPoolExecutor() as pool:
            driven = pool.submit(load, server, request, RESNET.connections, ALONE_MS)
            time.sleep(0.5)
            while len(times) < RELOADS and not driven.done():
                times.append(replace_by(server, "resnet50", 1 + len(times) % 2))
                time.sleep(0.5)
            beside = driven.result()  # a request that fails is an error of the load
    yield Row("load to ready of a ResNet-50 under load, compiled before", "ms", median(times), 100, 50, f"from {min(times):.0f} to {max(times):.0f} in {len(times)} loads")
    yield Row("p99 of its requests meanwhile, to that without loads", "ratio", beside["p99_us"] / alone["p99_us"], 1.5, 1.2,
              f"{alone['p99_us'] / 1000:.1f} ms alone, {beside['p99_us'] / 1000:.1f} beside; {beside['answers']} answers, none failed")
    yield Row("memory of a second version of one graph, its own", "MiB", second / MIB, 10, 5, f"beside {before / MIB:.0f} MiB of the process")
    times = []
    for _ in range(RELOADS):
        with Server(["resnet50:1"], STORE) as server:
            times.append(server.start_seconds * 1000)
    yield Row("exec to ready, a published ResNet-50, compiled before", "ms", median(times), 120, 80, f"from {min(times):.0f} to {max(times):.0f} in {len(times)} starts")
