"""Rows about models in processes of their own: what a request takes longer there."""
import dataclasses

from measure import Server, median
from workloads import ALONE, MOBILENET, STORE, Row, publish, write_request

ROUNDS = 9
ONE_AT_A_TIME = dataclasses.replace(MOBILENET, connections=1, milliseconds=2000)


def side_by_side(workload):
    """The p50 of each round of a server that isolates, and of one that does not, in turn."""
    with Server([workload.model], STORE) as plain, Server([workload.model], STORE, ["--isolation", "process"]) as isolated:
        request = write_request(plain, workload)
        times = {plain: [], isolated: []}
        for server in times:
            workload.drive(server, request, workload.milliseconds // 2)
        for _ in range(ROUNDS):
            for server, found in times.items():
                found.append(workload.drive(server, request, workload.milliseconds)["p50_us"])
    return times[plain], times[isolated]


def isolation():
    publish([ALONE.model, MOBILENET.model])
    plain, isolated = side_by_side(ALONE)
    yield Row("p50 of a small request added by a process of its own", "us", min(isolated) - min(plain), 25, 15,
              f"{min(isolated):.1f} us, {min(plain):.1f} in the server's process, the least of {ROUNDS} rounds; one connection")
    plain, isolated = side_by_side(ONE_AT_A_TIME)
    yield Row("p50 of a MobileNetV2 request in a process of its own, to that in the server's", "ratio",
              median([b / a for a, b in zip(plain, isolated)]), 1.05, 1.02, f"{min(isolated) / 1000:.2f} ms, {min(plain) / 1000:.2f} in the server's process")
