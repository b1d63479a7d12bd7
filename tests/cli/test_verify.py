"""`paybridge verify`: what the operator is shown and asked, with a bot that only answers by its socket."""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paybridge.__main__ import main
from paybridge.matrix.verification.asking import FOLDER, SOCKET, address

Captured = pytest.CaptureFixture[str]

BEGUN = {
    "number": 7,
    "person": "@anna:hs",
    "device": "PHONE",
    "emoji": [["🐶", "Dog"], ["🐱", "Cat"]],
    "decimals": [1234, 5678, 9012],
    "they_agree": False,
    "you_agree": False,
}


class FakeBot(threading.Thread):
    """Answers orders from a list, and writes them down."""

    def __init__(self, folder: Path, answers: Iterable[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        folder.mkdir(parents=True)
        self._answers = answers
        self.orders: list[Any] = []
        self._listening = socket.socket(socket.AF_UNIX)
        with address(folder) as name:
            self._listening.bind(name)
        self._listening.listen()

    def run(self) -> None:
        for answer in self._answers:
            line, _ = self._listening.accept()
            with line, line.makefile("rb") as reading:
                self.orders.append(json.loads(reading.readline()))
                line.sendall(json.dumps(answer).encode() + b"\n")
        self._listening.close()


Answering = Callable[..., FakeBot]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("homeserver: {url: 'http://hs', user_id: '@bot:hs', password: hush}\ndata_dir: data\n")
    return path


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    """Start a bot that gives these answers, each to one order."""
    bots: list[FakeBot] = []

    def start(*answers: dict[str, Any]) -> FakeBot:
        bots.append(FakeBot(tmp_path / "data" / FOLDER, answers))
        bots[-1].start()
        return bots[-1]

    yield start
    for bot in bots:
        bot.join(10)


def listed(*pending: dict[str, Any]) -> dict[str, Any]:
    keys = {"user": "@bot:hs", "device": "BOT", "device_key": "abcdefgh", "master_key": "ijklmnop"}
    return {**keys, "pending": list(pending)}


def test_without_a_running_bot_it_is_one_line(config: Path, capsys: Captured) -> None:
    assert main(["verify", "--config", str(config)]) == 2
    assert capsys.readouterr().err.startswith(f"the bot does not answer in {config.parent}/data: start it")


def test_a_dead_socket_is_no_running_bot(config: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "data" / FOLDER).mkdir(parents=True)
    (tmp_path / "data" / FOLDER / SOCKET).touch()

    assert main(["verify", "--config", str(config)]) == 2
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "alike"), [("yes", True), (" NO ", False)])
def test_the_operator_is_shown_the_codes_and_asked(
    config: Path,
    answering: Answering,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    *,
    typed: str,
    alike: bool,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
    bot = answering(listed(BEGUN), {"judgement": "waiting"})

    assert main(["verify", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "ijkl mnop" in told
    assert "🐶 Dog   🐱 Cat" in told
    assert "1234  5678  9012" in told
    assert "Noted" in told
    assert bot.orders[1] == {"order": "judge", "number": 7, "alike": alike}


def test_later_is_no_answer(
    config: Path, answering: Answering, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    done, early = {**BEGUN, "you_agree": True}, {**BEGUN, "emoji": None, "decimals": None}
    bot = answering(listed(BEGUN, done, early))

    assert main(["verify", "--config", str(config)]) == 0
    assert capsys.readouterr().out.count("Ask them") == 1
    assert bot.orders == [{"order": "list"}]


def test_an_answer_given_as_an_option_is_not_asked_for(
    config: Path, answering: Answering, capsys: Captured
) -> None:
    bot = answering({"judgement": "gone"})

    assert main(["verify", "--config", str(config), "--differ", "7"]) == 0
    assert "That one is over" in capsys.readouterr().out
    assert bot.orders == [{"order": "judge", "number": 7, "alike": False}]
