"""A server through faults: killed, stopped, its clock moved, without descriptors, its clients reset; and a second one in its place."""
import json
import os
import pathlib
import random
import resource
import signal
import socket
import struct
import subprocess
import time
import unittest

from faults import FaultTest
from oracle import CUT, REFUSED, Oracle
from program import BUILD, SLIPWAY, Server, free_port


class UnderLoad(FaultTest):
    # Fault D4: reloads under load fail no request, and no answer mixes versions
    def test_a_thousand_reloads_fail_no_request(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        for i in range(1000):
            self.load(server, "1" if i % 2 else "2")
        oracle.wait_for(10)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.assertEqual(set(oracle.versions), {"1", "2"})

    # Fault E6: SIGTERM under load loses no request, on connections that are kept
    def test_termination_under_load_loses_no_request(self):
        for _ in range(5):
            server = Server(self, "plus:1")
            oracle = Oracle(server.port, "plus", clients=8)
            oracle.wait_for(100)
            self.assertEqual(server.stop(), 0)
            oracle.wait_for(1, REFUSED)
            oracle.stop()
            self.never(oracle)
            self.assertIn("0 requests were dropped", server.log())

    # Fault E7: SIGKILL under load cuts what is in flight and nothing else
    # Fault A1: and while it loads; the store opens clean, and nothing is to be repaired
    def test_after_a_kill_at_any_moment_the_next_server_serves(self):
        choose = random.Random(7)
        for _ in range(5):
            server = Server(self, "plus:1")
            oracle = Oracle(server.port, "plus")
            oracle.wait_for(20)
            oracle.may_cut = True
            loading = subprocess.Popen([SLIPWAY, "load", "plus:2", "--host", server.url], env=self.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(choose.uniform(0, 0.2))
            server.stop(signal.SIGKILL)
            loading.wait(60)
            oracle.wait_for(1, CUT)
            oracle.stop()
            self.never(oracle)
            self.assertEqual(self.slipway("verify", "plus:1").returncode, 0)
        server = Server(self, "plus")
        self.assertEqual(self.ask(server), 2001)

    # Fault E1: a wall clock that jumps, forward and back, changes no deadline and loses no request
    def test_a_clock_that_jumps_disturbs_nobody(self):
        clock = self.folder / "clock"
        clock.write_bytes(struct.pack("q", 0))
        self.environment.update(LD_PRELOAD=str(BUILD / "tests" / "libmoved_clock.so"), MOVED_CLOCK=str(clock),
                                ASAN_OPTIONS="verify_asan_link_order=0")
        log = self.folder / "access.log"
        server = Server(self, "plus:1", "--access-log", log)
        oracle = Oracle(server.port, "plus")
        oracle.wait_for(20)
        for seconds in (3600, -3600, 10 * 366 * 86400, 0):
            with clock.open("r+b") as file:
                file.write(struct.pack("q", seconds))
            self.load(server, "2")
            self.load(server, "1")
            oracle.wait_for(100)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)
        self.assertEqual(server.stop(), 0)
        years = {json.loads(line)["time"][:4] for line in log.read_text().splitlines()}
        self.assertEqual(len(years), 2, "the clock did not jump")

    # Fault E9: what stopped for a while goes on, and answers what waited
    def test_a_server_that_was_stopped_goes_on(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus")
        oracle.wait_for(20)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        server.process.send_signal(signal.SIGCONT)
        oracle.wait_for(100)
        oracle.stop()
        self.never(oracle)

    # Fault E10: a socket that a first one has, or that a killed one left; and one store of two
    def test_a_second_server_takes_no_socket_of_the_first_and_shares_its_store(self):
        socket_of_both = f"unix:{self.folder / 'admin.sock'}"
        first = Server(self, "plus:1", "--admin-listen", socket_of_both)
        said = self.fails("serve", "plus:1", "--port", "0", "--admin-listen", socket_of_both, code=9)
        self.assertIn("SLIPWAY-E5001", said)
        second = Server(self, "plus:1")
        self.publish(3)
        self.slipway("load", "plus:3", "--host", socket_of_both)
        self.load(second, "3")
        self.assertEqual([self.ask(server) for server in (first, second)], [3001, 3001])
        first.stop(signal.SIGKILL)
        third = Server(self, "plus", "--admin-listen", socket_of_both)
        self.assertEqual([self.ask(server) for server in (second, third)], [3001, 3001])


class Bounds(FaultTest):
    # Fault D6: without descriptors the accept waits without spinning, what is connected goes on, and new ones come in afterwards
    def test_without_descriptors_who_is_connected_goes_on(self):
        server = Server(self, "plus:1")
        oracle = Oracle(server.port, "plus", clients=2)
        oracle.wait_for(20)
        in_use = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (in_use, hard))
        waiting = [socket.create_connection(("127.0.0.1", int(server.port))) for _ in range(20)]
        oracle.wait_for(50)
        oracle.stop()
        self.never(oracle)
        before = self.cpu_ticks(server)
        time.sleep(1)
        self.assertLess(self.cpu_ticks(server) - before, 0.2 * os.sysconf("SC_CLK_TCK"), "it spins")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        for one in waiting:
            one.settimeout(30)
            one.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertTrue(one.recv(4096).startswith(b"HTTP/1.1 200"))
            one.close()

    @staticmethod
    def cpu_ticks(server):
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    # Fault E12: whoever does not read the log is not waited for
    def test_a_log_that_nobody_reads_stops_nothing(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        port = free_port()
        process = subprocess.Popen([SLIPWAY, "serve", "plus:1", "--port", port, "--verbose"], env=self.environment, cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=write_end)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        os.close(write_end)
        oracle = Oracle(port, "plus", clients=2, may_refuse=True)  # until it is ready
        oracle.wait_for(50)
        oracle.stop()
        self.never(oracle)


if __name__ == "__main__":
    unittest.main()
