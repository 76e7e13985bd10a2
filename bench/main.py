"""The driver of bench/run: measures, prints, judges and writes docs/performance.md."""
import argparse
import datetime
import os
import pathlib
import platform
import sys

import groups
import rows
from measure import ROOT, SLIPWAY, calibrate, output_of

DOCUMENT = ROOT / "docs" / "performance.md"
METHOD = """
Measured by `make bench` (`bench/run`), which wrote this page. The server runs on core 0 and the client on core 1. Bare echo of the same request,
in-process loop, server and loop again take turns in nine rounds or more, most of half a second, for a shared machine may change its speed by half
for some seconds. Ratios are taken round by round to the mean of the two loops, where these agree within a tenth; shown is the median of those of the
faster half (ADR 41 says why), and beside it that of all rounds. Where less than half of the rounds are at one speed, more are run, up to three times
as many. Of CPU times the least is shown, and beside it the median: what else runs on a shared machine can only raise them. CPU time is the kernel's
own account of the server's threads. The echo (`bench/echo_server.cc`) is one epoll loop that answers without looking, so what it costs is the
socket's price; the loop (`bench/in_process.cc`) runs the same graph on the same engine with preallocated outputs, beside a core that is as awake as
the client's.
The client looks for answers without pause: one that sleeps has to be woken by whoever answers it, at the server's expense, by a server that is
slower than the client at every answer and by the echo at hardly any. At the end of a round it sends nothing more and waits for the last answers, so that
the server's time and the answers are of the same requests.
A fixed piece of arithmetic is timed before and after every row. A group of rows of which one is below its bar, while the arithmetic took a tenth longer
than at its best in this run, is measured again after all others, twice at most, and the rows say what they were before.

gRPC is driven in the same way with one message as the public client encodes it, and beside it stands a server on grpc++
(`bench/grpc_reference.cc`) that decodes the same message and answers it without running a model, in two forms: synchronous, as grpc++'s tutorial
writes a server, and with one completion queue and one thread, as its guide to performance advises (ADR 32 says why the bars at 16 connections
are others).

Overload is an open loop: requests are sent at a fixed rate however few are answered, over 250 connections, and one that waits in the client for a free
connection is late by that as well; the server lets fewer requests wait than there are connections. What the server bears is
measured by the closed loop before and after each of eleven turns or more, and each turn's goodput is taken to their mean where these agree within a
tenth; shown is the median of the faster half. Where more than 7,000 a second would have to be refused, which one core cannot do beside its work, how
late they are in the client says nothing about the server, and the row of the p99 is left out.
"""


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def format_number(value):
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def describe(row):
    sign = ">=" if row.higher_is_better else "<="
    return f"{row.verdict:18}  {row.name}: {format_number(row.value)} {row.unit} (pass {sign} {row.passes:g}, goal {row.goal:g}; {row.beside})"


def describe_speed(speed):
    return f"a fixed piece of arithmetic took {speed.best / 1e6:.1f} ms at the machine's best and up to {speed.worst / 1e6:.1f} ms in this run"


def write_document(results, speed):
    sign = {True: "≥", False: "≤"}
    text = ["# Performance", *METHOD.splitlines(),
            f"{machine()}; {output_of(SLIPWAY, 'version').splitlines()[0]}; {datetime.date.today()}; "
            f"{describe_speed(speed)}.", "",
            "| row | measured | pass | goal | verdict | beside it |", "|---|---|---|---|---|---|"]
    for row in results:
        bar = sign[row.higher_is_better]
        text.append(f"| {row.name} | {format_number(row.value)} {row.unit} | {bar} {row.passes:g} | {bar} {row.goal:g} | {row.verdict} | {row.beside} |")
    DOCUMENT.write_text("\n".join(text) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", help="groups whose name contains one of these words, separated by commas")
    parser.add_argument("--list", action="store_true", help="list the groups")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(rows.GROUPS))
        return 0
    words = arguments.rows.split(",") if arguments.rows else [""]
    wanted = {name: rows_of for name, rows_of in rows.GROUPS.items() if any(word in name for word in words)}
    rows.fresh_work_folder()
    rows.check_machine()
    measured, speed = groups.measure_all(wanted, calibrate, lambda row: print(describe(row), flush=True), lambda text: print(text, flush=True))
    if speed.is_slow(speed.worst):
        print(f"note: the machine was not quiet: {describe_speed(speed)}")
    if len(wanted) == len(rows.GROUPS) and groups.are_all_measured(measured):
        write_document([row for group in measured.values() for row in group.rows], speed)
        print(f"wrote {DOCUMENT.relative_to(ROOT)}")
    text, code = groups.verdict(measured)
    print(text)
    return code


sys.exit(main())
