"""Three servers behind HAProxy, restarted one after the other under load, as an update does it."""
import socket
import subprocess
import time
import unittest

from faults import FaultTest
from oracle import REFUSED, Oracle
from program import Server, free_port

# The checks look at readiness; a request is sent again only where its connection could not be made.
CONFIGURATION = """
global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  option redispatch 1
  retries 1
frontend all
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
  balance roundrobin
  option httpchk
  http-check send meth GET uri /v2/health/ready hdr Host slipway
  http-check expect status 200
  default-server check inter 100ms fall 1 rise 1 {protocol}
{servers}
"""


class RollingRestart(FaultTest):
    def proxy(self, ports, protocol):
        """HAProxy before servers at those ports; the port it listens at."""
        port = free_port()
        servers = "\n".join(f"  server number{i} 127.0.0.1:{ports[i]}" for i in range(len(ports)))
        configuration = self.folder / f"haproxy-{port}.cfg"
        configuration.write_text(CONFIGURATION.format(port=port, servers=servers, protocol=protocol))
        process = subprocess.Popen(["/usr/sbin/haproxy", "-db", "-f", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        for _ in range(600):
            self.assertIsNone(process.poll(), "HAProxy ended")
            try:
                socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
                return port
            except OSError:
                time.sleep(0.05)
        raise AssertionError("HAProxy does not listen")

    def restart_each(self, protocol):
        serve = ("plus:1", "--drain-delay", "1")
        servers = [Server(self, *serve) for _ in range(3)]
        oracle = Oracle(self.proxy([server.port for server in servers], protocol), "plus", clients=8)
        for index in (0, 1, 2, 0):
            oracle.wait_for(200)
            self.assertEqual(servers[index].stop(), 0)
            oracle.wait_for(200)
            servers[index] = Server(self, *serve, port=servers[index].port)
            self.until(lambda: (servers[index].metric('slipway_requests_total{protocol="v2",method="infer"') or 0) > 20, servers[index])
        oracle.wait_for(200)
        oracle.stop()
        self.never(oracle)
        self.assertEqual(oracle.counts[REFUSED], 0)

    # Fault E8: over HTTP/1.1
    def test_an_update_behind_a_proxy_fails_no_request(self):
        self.restart_each("")

    # Fault E8: over HTTP/2, whose connections end with GOAWAY
    def test_an_update_behind_a_proxy_that_speaks_http2_fails_no_request(self):
        self.restart_each("proto h2")


if __name__ == "__main__":
    unittest.main()
