"""Running programs on one core each and reading what they cost."""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
SLIPWAY = BUILD / "slipway"
WORK = ROOT / "build" / "bench"
SERVER_CORE, CLIENT_CORE = 0, 1


def on_core(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


def output_of(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **options).stdout


def json_of(*command):
    return json.loads(output_of(*command))


def cpu_seconds(pid):
    """CPU time of a process, of its threads that have ended too, to the nanosecond: what clock_getcpuclockid(3) gives for it."""
    scheduler_clock = 2
    return time.clock_gettime((~pid << 3) | scheduler_clock)


def memory_bytes(pid, field):
    """A line of /proc/PID/status in bytes: VmRSS, VmHWM. 0 when the process has ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0


def children_of(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`slipway serve MODELS` on the server's core, as a context; ready when entered."""

    def __init__(self, models, store, options=()):
        self.port = free_port()
        self.command = on_core(SERVER_CORE, SLIPWAY, "serve", *models, "--port", self.port, *options)
        self.environment = {**os.environ, "SLIPWAY_STORE": str(store)}
        self.last = pathlib.Path(str(models[-1])).stem.split(":")[0]  # without its version

    def __enter__(self):
        self.log = (WORK / "server.log").open("w")
        start = time.monotonic()
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self._wait_until_ready(start)
        self.start_seconds = time.monotonic() - start
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    @property
    def pid(self):
        return self.process.pid

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answers(self, model):
        """Requests of a model that were answered so far."""
        return json.loads(self.get(f"/v2/models/{model}/stats")[1])["model_stats"][0]["inference_stats"]["success"]["count"]

    def input_name(self, model):
        return json.loads(self.get(f"/v2/models/{model}")[1])["inputs"][0]["name"]

    def wait_for_connections(self, at_most):
        """Until so few are open, this one included: those of a client that ended count until their requests are done."""
        start = time.monotonic()
        while time.monotonic() - start < 30:
            gauge = next(line for line in self.get("/metrics")[1].decode().splitlines() if line.startswith("slipway_connections "))
            if float(gauge.split()[1]) <= at_most:
                return
            time.sleep(0.05)
        raise RuntimeError("the server kept connections whose client had ended")

    def _wait_until_ready(self, start):
        while time.monotonic() - start < 60:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended: {(WORK / 'server.log').read_text()[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/v2/health/ready")[0] == 200 and self.get(f"/v2/models/{self.last}/ready")[0] == 200:
                    return
            time.sleep(0.001)
        raise RuntimeError("the server was not ready within a minute")


class Reference:
    """A program of the bench that prints its port and serves on the server's core until it is killed."""

    def __init__(self, program, *arguments):
        self.command = on_core(SERVER_CORE, BUILD / "bench" / program, *arguments)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid


class BareHttp2:
    """nghttpd answering a small file where ModelInfer is: what HTTP/2 costs by libnghttp2 without gRPC, its messages and a model."""

    def __init__(self):
        self.port = free_port()
        folder = WORK / "nghttpd"
        answer = folder / "inference.GRPCInferenceService" / "ModelInfer"
        answer.parent.mkdir(parents=True, exist_ok=True)
        answer.write_bytes(bytes(60))
        program = shutil.which("nghttpd", path=f"{os.environ['PATH']}:/usr/sbin")  # where Debian has it
        self.command = on_core(SERVER_CORE, program, "--no-tls", "-n1", "--trailer", "grpc-status: 0", "-d", folder, self.port)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=10):
                return self
            time.sleep(0.01)
        raise RuntimeError("nghttpd did not begin to listen")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def pid(self):
        return self.process.pid


def open_load(target, request_file, connections, milliseconds, rate):
    """One request over HTTP/1.1 at a rate, however few are answered; the report, refusals and failures included."""
    return json_of(*on_core(CLIENT_CORE, BUILD / "bench" / "bench_load", target.port, connections, milliseconds, request_file, rate))


def _drive(target, program, *arguments):
    """Runs a load from the client's core; its report, and with it the server's CPU microseconds for each answer."""
    before = cpu_seconds(target.pid)
    report = json_of(*on_core(CLIENT_CORE, BUILD / "bench" / program, target.port, *arguments))
    if report["failures"] or not report["answers"]:
        raise RuntimeError(f"{report['failures']} requests of {program} failed, {report['answers']} succeeded")
    report["cpu_us"] = (cpu_seconds(target.pid) - before) * 1e6 / report["answers"]
    return report


def load(target, request_file, connections, milliseconds):
    """One request over HTTP/1.1, again and again on each connection."""
    return _drive(target, "bench_load", connections, milliseconds, request_file)


def grpc_load(target, message_file, connections, calls, milliseconds):
    """One framed message to ModelInfer, with so many calls at one time on each connection."""
    return _drive(target, "bench_grpc_load", connections, calls, milliseconds, message_file)


@contextlib.contextmanager
def background_load(target, request_file, connections):
    """Keeps a server busy with one request over HTTP/1.1, by a client that sleeps until an answer comes."""
    head, body = request_file.read_bytes().split(b"\r\n\r\n", 1)
    request_line, *headers = head.decode().split("\r\n")
    body_file = request_file.with_suffix(".body")
    body_file.write_bytes(body)
    wanted = [word for header in headers if not header.startswith(("Host", "Content-Length")) for word in ("-H", header)]
    command = on_core(CLIENT_CORE, "h2load", "--h1", "-c", connections, "-D", "600s", "-d", body_file, *wanted,
                      f"http://127.0.0.1:{target.port}{request_line.split()[1]}")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def awake_client_core():
    """What shares caches and power with the server's core is as busy as it is while a load runs."""
    process = subprocess.Popen(on_core(CLIENT_CORE, "sh", "-c", "while :; do :; done"))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def in_process(model, milliseconds):
    """CPU microseconds of one run of a model in a loop without a server."""
    with awake_client_core():
        return json_of(*on_core(SERVER_CORE, BUILD / "bench" / "bench_in_process", model, milliseconds))["cpu_us"]


def calibrate():
    """Nanoseconds of a fixed amount of arithmetic on the server's core: the best of five, which noise can only raise."""
    return min(int(output_of(*on_core(SERVER_CORE, BUILD / "bench" / "bench_calibrate"))) for _ in range(5))


def median(values):
    return statistics.median(values)
