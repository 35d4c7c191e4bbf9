"""A real Firefox, driven over its own Marionette protocol: JSON with its length in front, on a socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = next((path for path in map(shutil.which, ("firefox-esr", "firefox")) if path), None)
_SECONDS = 60
_PREFERENCES = {
    "marionette.port": 0,
    "browser.download.folderList": 2,
    "browser.download.always_ask_before_handling_new_types": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "services.settings.server": "data:,none",
    "intl.accept_languages": "en-GB",
}


@dataclass
class Firefox:
    """One window."""

    link: socket.socket
    downloads: Path
    _asked: int = 0
    _rest: bytes = field(default=b"", repr=False)

    def ask(self, command: str, **values: Any) -> Any:
        self._asked += 1
        text = json.dumps([0, self._asked, f"WebDriver:{command}", values]).encode()
        self.link.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.read()
        if error:
            raise RuntimeError(f"{command}: {error['error']}: {error['message']}")
        return result

    def read(self) -> Any:
        while b":" not in self._rest:
            self._rest += self._more()
        length, _, rest = self._rest.partition(b":")
        while len(rest) < int(length):
            rest += self._more()
        self._rest = rest[int(length) :]
        return json.loads(rest[: int(length)])

    def _more(self) -> bytes:
        data = self.link.recv(1 << 16)
        if not data:
            raise RuntimeError("Firefox has ended")
        return data

    def script(self, text: str) -> Any:
        return self.ask("ExecuteScript", script=text, args=[])["value"]

    def choose(self, selector: str, paths: Sequence[Path]) -> None:
        (element,) = self.ask("FindElement", using="css selector", value=selector)["value"].values()
        self.ask("ElementSendKeys", id=element, text="\n".join(map(str, paths)))

    def click(self, selector: str) -> None:
        (element,) = self.ask("FindElement", using="css selector", value=selector)["value"].values()
        self.ask("ElementClick", id=element)


def until(found: Callable[[], Any], seconds: float = _SECONDS) -> Any:
    """What ``found`` returns once that is true."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come")
        time.sleep(0.05)
    return value


@contextmanager
def firefox() -> Iterator[Firefox]:
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="delivery-firefox-", ignore_cleanup_errors=True) as folder:
        profile, downloads = Path(folder) / "profile", Path(folder) / "downloads"
        profile.mkdir()
        downloads.mkdir()
        wanted = {**_PREFERENCES, "browser.download.dir": str(downloads)}
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items())
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [PROGRAM, "--headless", "--no-remote", "--marionette", "--profile", str(profile), "about:blank"]
        environment = {**os.environ, "HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            noted = profile / "MarionetteActivePort"
            port = int(until(lambda: noted.exists() and noted.read_text().strip()))
            with socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as link:
                window = Firefox(link, downloads)
                window.read()  # it greets
                window.ask("NewSession", capabilities={"alwaysMatch": {}})
                yield window
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
