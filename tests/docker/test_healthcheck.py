"""The image's health check is true only of a process that answers well."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docker" / "healthcheck.py"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers /healthz with `status`, and anything else with 404."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """What is asked is not told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


def check(listen: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-S", "-E", str(CHECK)],
        env={**os.environ, "PAYBRIDGE__WEB__LISTEN": listen},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104  it is asked, not listened on
def test_a_process_that_answers_is_well(host: str) -> None:
    with answering(200) as port:
        ran = check(f"{host}:{port}")

    assert (ran.returncode, ran.stdout) == (0, f"127.0.0.1:{port} answers 200\n")


def test_one_that_answers_with_an_error_is_not() -> None:
    with answering(500) as port:
        ran = check(f"127.0.0.1:{port}")

    assert (ran.returncode, ran.stdout) == (1, f"127.0.0.1:{port} answers 500\n")


def test_one_that_does_not_answer_is_not_and_says_so_in_one_line() -> None:
    with answering(200) as port:
        pass
    ran = check(f"127.0.0.1:{port}")

    assert ran.returncode == 1
    assert ran.stdout.startswith(f"127.0.0.1:{port} does not answer: ")
    assert (ran.stdout.count("\n"), ran.stderr) == (1, "")
