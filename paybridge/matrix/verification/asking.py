"""How another program on this machine asks the running bot: a line of JSON each way, by a socket."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = "verify"
SOCKET = "socket"
LONGEST_LINE = 256 * 1024
LONGEST_PATH = 100  # of a socket: 108 bytes on Linux, 104 elsewhere
PATIENCE_SECONDS = 30.0


class NotRunningError(Exception):
    """No bot listens there."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"the bot does not answer in {data_dir}: start it with `paybridge run`, then try again"
        )


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """A name for the socket in `folder`, short enough for one."""
    path = folder / SOCKET
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{SOCKET}"
    finally:
        os.close(opened)


def ask(data_dir: Path, order: Mapping[str, Any]) -> dict[str, Any]:
    """What the bot that runs with this data directory answers; `NotRunningError` if there is none."""
    try:
        with (
            address(data_dir / FOLDER) as name,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line,
        ):
            line.settimeout(PATIENCE_SECONDS)
            line.connect(name)
            line.sendall(json.dumps(order).encode() + b"\n")
            with line.makefile("rb") as reading:
                answer = json.loads(reading.readline(LONGEST_LINE))
    except (OSError, ValueError) as error:
        raise NotRunningError(data_dir) from error
    if not isinstance(answer, dict):
        raise NotRunningError(data_dir)
    return answer
