"""A real browser: Debian's Chromium without a window, told what to do by its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    PROGRAM is None,
    reason="CHROMIUM IS NOT INSTALLED (Debian package chromium): no page was seen in a browser",
)
PATIENCE = 60.0
PHONE, DESK = (390, 844), (1280, 900)
KEYS = {"Tab": 9, "Enter": 13}


class PageFailedError(AssertionError):
    """The browser could not do it, or a script failed."""


@dataclass
class Tab:
    """One tab. `console` holds what the page complained of: blocked by its policy, errors of scripts."""

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _loaded: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        await self.socket.send_json(message)
        async with asyncio.timeout(PATIENCE):
            return await answer

    async def listen(self) -> None:
        """Hand on what the browser says, until it is closed."""
        async for message in self.socket:
            said = message.json()
            waiting = self._waiting.pop(said.get("id", 0), None)
            if waiting is not None and not waiting.done():
                if "error" in said:
                    waiting.set_exception(PageFailedError(said["error"]["message"]))
                else:
                    waiting.set_result(said["result"])
            self._note(said.get("method"), said.get("params", {}))

    def _note(self, method: str | None, params: dict[str, Any]) -> None:
        match method:
            case "Page.lifecycleEvent" if params["name"] == "load":
                self._loaded.add(str(params["loaderId"]))
                self._news.set()
            case "Log.entryAdded":
                self.console.append(str(params["entry"]["text"]))
            case "Runtime.exceptionThrown":
                self.console.append(str(params["exceptionDetails"]))
            case "Network.requestWillBeSent":
                self.asked.append(str(params["request"]["url"]))

    async def open(self, url: str) -> None:
        """Go to an address, and wait until it is there."""
        gone_to = await self.call("Page.navigate", url=url)
        await self._until(lambda: gone_to["loaderId"] in self._loaded)

    async def _until(self, there: Callable[[], bool]) -> None:
        """Wait for a page that was not there yet; each has a name, so that a late one is no other."""
        async with asyncio.timeout(PATIENCE):
            while not there():
                self._news.clear()
                await self._news.wait()
        self._seen |= self._loaded

    async def js(self, expression: str) -> Any:  # noqa: ANN401  whatever the script gives
        """What a script comes to; a promise is waited for."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        done = await self.call("Runtime.evaluate", **asked)
        if "exceptionDetails" in done:
            raise PageFailedError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    async def press(self, key: str) -> None:
        """Press and release a key of the keyboard."""
        code = KEYS[key]
        text = {"text": "\r"} if key == "Enter" else {}
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    async def types(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def sends(self, key: str = "Enter") -> None:
        """Press a key that sends a form, and wait for the page that answers."""
        await self.press(key)
        await self._until(lambda: self._loaded > self._seen)

    async def expects_a_page(self, expression: str) -> None:
        """Run a script that sends a form, and wait for the page that answers."""
        await self.js(expression)
        await self._until(lambda: self._loaded > self._seen)

    async def focused(self) -> str:
        """What has the focus: its value, else its name."""
        return str(await self.js("(e => e.value || e.name || e.tagName)(document.activeElement)"))

    async def shows(self) -> str:
        """All words on the page."""
        return str(await self.js("document.body.innerText"))

    async def looks(self, size: tuple[int, int], *, dark: bool) -> None:
        """As on a screen of this size, light or dark."""
        width, height = size
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if size == PHONE else 1,
            mobile=size == PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self) -> bytes:
        """What is seen, all of it, as PNG."""
        shot = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def a_tab(folder: Path) -> AsyncIterator[Tab]:
    """A browser of its own with one empty tab; everything of it lies in the folder."""
    assert PROGRAM is not None
    program = await asyncio.create_subprocess_exec(
        PROGRAM,
        "--headless=new",
        "--no-sandbox",  # tests may run as root, and every page is ours
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        "--remote-debugging-port=0",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    try:
        address = await _address(program)
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(address, max_msg_size=0, heartbeat=None) as socket,
        ):
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            try:
                target = await tab.call("Target.createTarget", url="about:blank")
                attached = await tab.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
                tab.session = attached["sessionId"]
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await tab.call(f"{domain}.enable")
                await tab.call("Page.setLifecycleEventsEnabled", enabled=True)
                await tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
                yield tab
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
        await program.wait()


async def _address(program: asyncio.subprocess.Process) -> str:
    """Where the browser listens; it says so once it does."""
    assert program.stderr is not None
    said = b""
    async with asyncio.timeout(PATIENCE):
        async for line in program.stderr:
            said += line
            found = re.search(rb"DevTools listening on (ws://\S+)", line)
            if found is not None:
                # Whatever it says later must not fill the pipe.
                program.stderr._transport.resume_reading()  # type: ignore[attr-defined]  # noqa: SLF001
                return found[1].decode()
    raise PageFailedError(said.decode(errors="replace"))
