"""A headless Chromium, spoken to over a pipe by its DevTools protocol: what a page asks for, says and does."""

import base64
import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 600.0
"""Seconds for an answer: a bound for what never happens."""

AS_3_AND_4 = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(word), fcntl.F_DUPFD, 10) for word in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Becomes another program, which has the two descriptors where the protocol wants them."""


def chromium() -> str | None:
    """The program, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "chromium-headless-shell")
    return next((found for name in names if (found := shutil.which(name))), None)


@dataclass
class Browser:
    """`events`: all events of the tab, in order."""

    read: int
    write: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _sent: int = 0
    _left: bytes = b""

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a command and returns its result."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.write, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
        raise AssertionError(f"{method} was not answered")

    def wait(self, method: str) -> None:
        """Until an event of this name has come."""
        if not any(event["method"] == method for event in self.events):
            for message in self._messages():
                if message.get("method") == method:
                    return

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, path: Path, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")

    def pages(self) -> int:
        """The pages of A4 that the page would be printed on."""
        answer = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(answer["data"])))

    def asked_for(self) -> list[str]:
        """The addresses of everything that was requested."""
        requests = [event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [request["request"]["url"] for request in requests]

    def complaints(self) -> list[dict[str, Any]]:
        """Errors and warnings of the page, its script and its console."""
        methods = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for event in self.events if event["method"] in methods]

    def _messages(self) -> Iterator[dict[str, Any]]:
        until = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.read, selectors.EVENT_READ)
            while time.monotonic() < until:
                whole, mark, rest = self._left.partition(b"\0")
                if mark:
                    self._left = rest
                    message = json.loads(whole)
                    if "method" in message:
                        self.events.append(message)
                    yield message
                elif selector.select(timeout=1.0):
                    self._left += os.read(self.read, 1 << 20)


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """One with an empty tab, and its profile in a folder of its own."""
    to_read, from_browser = os.pipe()
    from_us, to_write = os.pipe()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
    flags += ["--disable-background-networking", f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", AS_3_AND_4, str(from_us), str(from_browser), program, *flags],
        pass_fds=(from_us, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(from_browser)
    try:
        one = Browser(to_read, to_write)
        target = one.call("Target.createTarget", url="about:blank")["targetId"]
        one.session = one.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            one.call(f"{domain}.enable")
        one.call("Emulation.setScrollbarsHidden", hidden=True)
        yield one
    finally:
        process.kill()
        process.wait()
        os.close(to_read)
        os.close(to_write)
