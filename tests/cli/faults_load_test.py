"""A server under more than it can bear: overload, a client that floods, all clients at once, readers that take their time, connections that are reset."""
import asyncio
import http.client
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
import unittest

from faults import FaultTest
from oracle import DATA, OK, REFUSED, Oracle, write_model
from program import Server

sys.path.insert(0, str(DATA))
from onnx_file import FLOAT, INT64, constant, model, node, tensor

WIDE = 16 << 20  # elements of 4 bytes
CLIENTS_OF_AN_ADDRESS, ADDRESSES = 250, 4


def write_wide_model(path):
    """Answers WIDE times x."""
    path.write_bytes(model("faults_load_test.py", [node("Expand", ["x", "shape"], "y")], [tensor("x", FLOAT, 1)], [tensor("y", FLOAT, WIDE)],
                           [constant("shape", INT64, [2], struct.pack("<qq", 1, WIDE))]))
    return path


class Crowd(FaultTest):
    # Fault D1: over the wire
    # Fault D2: of a crowd that leaves
    def test_an_overload_is_refused_at_once_and_leaves_nothing(self):
        self.slipway("push", write_model(self.folder / "slow.onnx", 1000, rounds=10), "--name", "slow")
        server = Server(self, "slow", "--no-batching", "--max-queued", "4")
        crowd = Oracle(server.port, "slow", clients=48, may_refuse=True)
        for _ in range(10):
            crowd.wait_for(20, REFUSED)
            server.get("/v2/health/ready")
            self.assertLess(server.metric("slipway_queue_requests{"), 4 + os.cpu_count())  # each loop looks, then adds its own
        crowd.wait_for(20)
        crowd.stop()
        self.never(crowd)
        self.assertEqual(set(crowd.refusals), {503})
        few = Oracle(server.port, "slow", clients=2, may_refuse=True)
        few.wait_for(30)
        few.stop()
        self.never(few)
        self.assertEqual(few.counts[REFUSED], 0)
        self.assertEqual(server.metric("slipway_queue_requests{"), 0)

    # Fault D3: the other one sees nothing of it
    def test_a_client_that_floods_uses_up_its_own_quota(self):
        flooding, steady = (self.slipway("grant", name, "--rate", rate, "--burst", "10").stdout.strip()
                            for name, rate in (("flooding", "10/s"), ("steady", "100000/s")))
        server = Server(self, "plus:1", "--require-key")
        victim = Oracle(server.port, "plus", clients=2, may_refuse=True, key=steady)
        began = time.monotonic()
        flood = Oracle(server.port, "plus", clients=16, may_refuse=True, key=flooding)
        flood.wait_for(300, REFUSED)
        victim.wait_for(100)
        flood.stop()
        self.assertLessEqual(flood.counts[OK], 10 + 10 * (time.monotonic() - began) + 1)
        victim.stop()
        for oracle in (flood, victim):
            self.never(oracle)
        self.assertEqual(set(flood.refusals), {429})
        self.assertEqual(victim.counts[REFUSED], 0, victim.refusals)

    # Fault D10: a thousand connections, after an end and after a kill
    def test_all_clients_connect_again_at_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a server takes half of them for connections
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        asyncio.run(self.connect_again())

    async def connect_again(self):
        server, port = Server(self, "plus:1"), None
        for how in (signal.SIGTERM, signal.SIGKILL, None):
            clients = await asyncio.gather(*(self.ask_from(server.port, i) for i in range(CLIENTS_OF_AN_ADDRESS * ADDRESSES)))
            self.assertEqual(server.metric("slipway_connections_refused_total"), 0)
            if how:
                port = server.port
                server.stop(how)
                server = Server(self, "plus:1", port=port)
            for client in clients:
                client.close()
        self.assertEqual(server.stop(), 0)

    async def ask_from(self, port, number):
        """Its connection, which asked and was answered, and stays."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.0.{1 + number % ADDRESSES}", 0))
        body = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [number]}]})
        writer.write(f"POST /v2/models/plus/infer HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertEqual(json.loads(await reader.readuntil(b"]}]}"))["outputs"][0]["data"], [number + 1000])
        return writer


class Wide(FaultTest):
    """Answers that are larger than what sockets hold."""

    def setUp(self):
        super().setUp()
        self.slipway("push", write_wide_model(self.folder / "wide.onnx"), "--name", "wide")
        self.server = Server(self, "wide", "plus:1", "--no-batching")
        self.oracle = Oracle(self.server.port, "plus")
        self.oracle.wait_for(20)

    def ask_wide(self, x):
        """A connection whose answer begins."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.server.port), timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/v2/models/wide/infer", json.dumps({
            "inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [x]}], "parameters": {"binary_data_output": True}}))
        return connection

    # Fault D8: of the whole server, which serves the others meanwhile
    def test_a_reader_that_takes_its_time_gets_all_and_holds_up_nobody(self):
        answers = [self.ask_wide(x).getresponse() for x in (7, 8)]
        bodies = [b"", b""]
        for _ in range(8):
            self.oracle.wait_for(20)
            bodies = [body + answer.read(4 << 20) for body, answer in zip(bodies, answers)]
        bodies = [body + answer.read() for body, answer in zip(bodies, answers)]
        self.oracle.stop()
        self.never(self.oracle)
        for x, body in zip((7, 8), bodies):
            self.assertTrue(body.endswith(struct.pack("<f", x) * WIDE))

    # Fault E13: between requests, within one, and while an answer is on its way
    def test_connections_that_are_reset_disturb_nobody(self):
        descriptors = len(os.listdir(f"/proc/{self.server.process.pid}/fd"))
        for i in range(16):
            self.reset(self.ask_wide(i))
            kept = self.ask_wide(i)
            kept.getresponse().read(1 << 20)
            self.reset(kept)
            idle = http.client.HTTPConnection("127.0.0.1", int(self.server.port), timeout=60)
            idle.request("GET", "/v2")
            idle.getresponse().read()
            if i % 2:
                idle.sock.sendall(b"POST /v2/models/plus/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
            self.reset(idle)
        self.oracle.wait_for(50)
        self.until(lambda: len(os.listdir(f"/proc/{self.server.process.pid}/fd")) <= descriptors, self.server)
        self.oracle.stop()
        self.never(self.oracle)
        self.assertEqual(self.server.stop(), 0)

    @staticmethod
    def reset(connection):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


if __name__ == "__main__":
    unittest.main()
