"""Drives a headless Chromium over its DevTools protocol: enough for the page's tests, no framework."""
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from websockets.sync.client import connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT_SECONDS = 60


class Browser:
    """`with Browser() as browser:` one process with a profile of its own; it can resolve no name but the loopback address."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="slipway-browser-")
        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--user-data-dir=" + self.profile.name, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port, path = self._devtools_address()
        self.connection = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, open_timeout=TIMEOUT_SECONDS)
        self.socket = self.connection.__enter__()
        self.numbers = itertools.count(1)
        self.events = []
        return self

    def __exit__(self, *_):
        self.connection.__exit__(None, None, None)
        self.process.terminate()
        self.process.wait(30)
        for _ in range(50):  # helper processes of the browser write to the profile a moment longer
            shutil.rmtree(self.profile.name, ignore_errors=True)
            if not pathlib.Path(self.profile.name).exists():
                break
            time.sleep(0.1)
        self.profile._finalizer.detach()

    def _devtools_address(self):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        file = pathlib.Path(self.profile.name, "DevToolsActivePort")
        while time.monotonic() < deadline and self.process.poll() is None:
            lines = file.read_text().split("\n") if file.exists() else []
            if len(lines) == 2:
                return lines
            time.sleep(0.02)
        raise RuntimeError("Chromium did not start")

    def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv(timeout=TIMEOUT_SECONDS))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def next_event(self, name):
        """The oldest event of that name not taken yet; waits for one."""
        while True:
            for event in self.events:
                if event.get("method") == name:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(json.loads(self.socket.recv(timeout=TIMEOUT_SECONDS)))


class Page:
    """One tab of a size. Remembers every request that it makes and every message of its console."""

    def __init__(self, browser, width=1000, height=900):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def events(self, name):
        return [event["params"] for event in self.browser.events
                if event.get("method") == name and event.get("sessionId") == self.session]

    def requested(self):
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def complaints(self):
        """Errors of scripts, of the content policy and of the network, as the console shows them."""
        thrown = [event["exceptionDetails"]["text"] for event in self.events("Runtime.exceptionThrown")]
        return thrown + [event["entry"]["text"] for event in self.events("Log.entryAdded") if event["entry"]["level"] == "error"]

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, condition):
        """Waits until the JavaScript expression is true, and returns its value."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            value = self.evaluate(condition)
            if value:
                return value
            time.sleep(0.02)
        raise AssertionError(f"never true: {condition}\n{self.evaluate('document.body.innerText')}\n{self.complaints()}")

    def click(self, selector):
        self.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def drag(self, points):
        """Presses the mouse at the first point, moves through all, and lets go at the last."""
        for index, (x, y) in enumerate(points):
            kind = "mousePressed" if index == 0 else "mouseMoved"
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=points[-1][0], y=points[-1][1], button="left", clickCount=1)

    def press(self, key, shift=False):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=8 if shift else 0)
