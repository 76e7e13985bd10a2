"""Clients that know every right answer, and keep count of what became of each request."""
import collections
import http.client
import itertools
import json
import pathlib
import random
import struct
import sys
import threading
import time

from program import DATA

sys.path.insert(0, str(DATA))
from onnx_file import FLOAT, constant, model, node, tensor

# What a request may come to. The last four are never right.
OK, REFUSED, CUT = "ok", "refused", "cut"
WRONG, UNEXPECTED, TRUNCATED, LOST = "wrong", "unexpected", "truncated", "lost"
NEVER = (WRONG, UNEXPECTED, TRUNCATED, LOST)


def write_model(path, added, rounds=0):
    """A model that answers y = x + added: the answer tells which version gave it. Each round reads 4 MiB of zeros before, for nothing."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    constants = [constant("added", FLOAT, [1], struct.pack("<f", added))]
    nodes = [node("Add", ["x", "added"], "y")]
    if rounds:
        constants += [constant(name, FLOAT, shape, bytes(4 * shape[0] * shape[1]))
                      for name, shape in (("row", [1, 1024]), ("square", [1024, 1024]), ("column", [1024, 1]))]
        nodes = [node("MatMul", ["x", "row"], "round0"),
                 *(node("MatMul", [f"round{i}", "square"], f"round{i + 1}") for i in range(rounds)),
                 node("MatMul", [f"round{rounds}", "column"], "nothing"), node("Add", ["x", "nothing"], "same"),
                 node("Add", ["same", "added"], "y")]
    path.write_bytes(model("oracle.py", nodes, [tensor("x", FLOAT, 1)], [tensor("y", FLOAT, 1)], constants))
    return path


class Oracle:
    """Asks `model` from several threads, each over a connection of its own, until stop(). A version N of it adds N * 1000."""

    def __init__(self, port, model, clients=4, deadline=20, may_refuse=False, key=None):
        self.port, self.model, self.deadline, self.may_refuse = int(port), model, deadline, may_refuse
        self.headers = {"Slipway-Key": key} if key else {}
        self.counts = collections.Counter()
        self.refusals = collections.Counter()  # by status
        self.notes = []  # of what is never right
        self.versions = collections.Counter()
        self.slowest = 0.0
        self.may_cut = False  # while a server is killed, connections break
        self._connected = [0.0] * clients  # when each made the connection it has
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join(self.deadline + 10)
        self.counts[LOST] += sum(thread.is_alive() for thread in self._threads)
        return self.counts

    def wait_for(self, more, kind=OK, seconds=60):
        """Until so many more requests came to that."""
        wanted, until = self.counts[kind] + more, time.monotonic() + seconds
        while self.counts[kind] < wanted:
            if time.monotonic() > until:
                raise AssertionError(f"{kind} is {self.counts[kind]}, not {wanted}: {dict(self.counts)} {self.notes[:3]}")
            time.sleep(0.01)

    def wait_for_connections(self, since, seconds=60):
        """Until no client has a connection from before that moment."""
        until = time.monotonic() + seconds
        while min(self._connected) < since:
            if time.monotonic() > until:
                raise AssertionError(f"a client did not connect again: {dict(self.counts)} {self.notes[:3]}")
            time.sleep(0.01)

    def _ask(self, number):
        connection = None
        while not self._over.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.deadline + 1)
            began = time.monotonic()
            kind, note, is_kept = self._once(number, connection, next(self._numbers) % 1000 + random.randrange(1000) / 1024)
            with self._lock:
                self.counts[kind] += 1
                self.slowest = max(self.slowest, time.monotonic() - began if kind == OK else 0)
                if kind in NEVER:
                    self.notes.append(note)
            if not is_kept:
                connection.close()
                connection = None
            if kind != OK:
                time.sleep(0.01)
        if connection is not None:
            connection.close()

    def _once(self, number, connection, x):
        """(kind, note, whether the connection goes on)."""
        x = struct.unpack("<f", struct.pack("<f", float(int(x))))[0]
        body = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [x]}]})
        try:
            if connection.sock is None:
                connection.connect()
                self._connected[number] = time.monotonic()
        except OSError:
            return CUT if self.may_cut else REFUSED, "no connection", False
        try:
            connection.request("POST", f"/v2/models/{self.model}/infer", body, self.headers)
            answer = connection.getresponse()
            text = answer.read()
        except TimeoutError:
            return LOST, f"no answer in {self.deadline + 1} s", False
        except http.client.IncompleteRead as error:
            return CUT if self.may_cut else TRUNCATED, repr(error), False
        except (http.client.HTTPException, OSError) as error:
            return CUT if self.may_cut else LOST, repr(error), False
        return *self._judge(answer.status, answer.headers, text, x), not answer.will_close

    def _judge(self, status, headers, text, x):
        if status == 200:
            answer = json.loads(text)
            version = answer["model_version"]
            self.versions[version] += 1
            right = answer["outputs"][0]["data"] == [x + 1000 * int(version)]
            return (OK, "") if right else (WRONG, f"{x} became {text}")
        if status in (429, 503) and self.may_refuse and "Retry-After" in headers:
            self.refusals[status] += 1
            return REFUSED, ""
        return UNEXPECTED, f"{status} {text[:200]}"
