"""`paybridge ticket check`: codes at a door that cannot ask the bot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from paybridge.__main__ import main
from paybridge.domain.ticket import Ticket
from paybridge.domain.ticket_code import code_text, with_signature
from paybridge.vault.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNER = Signer(b"k" * 32)
KEY = ("--key", SIGNER.public.hex())
ONE = Ticket("PB-7K3QD-1", "PB-7K3QD", "EV-7K3QD9XM", 1, "bob")
OTHER = Ticket("PB-7K3QD-2", "PB-7K3QD", "EV-22222222", 2, "bob")


def code(ticket: Ticket, signer: Signer = SIGNER) -> str:
    text = code_text(ticket)
    return with_signature(text, signer.sign(text.encode()))


def test_each_code_is_looked_at_and_doubles_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    forged = code(ONE, Signer(b"x" * 32))
    status = main(["ticket", "check", code(ONE), code(OTHER), code(ONE), forged, *KEY])
    told = capsys.readouterr().out.splitlines()

    assert status == 1
    assert told[:3] == [
        "genuine: PB-7K3QD-1 for EV-7K3QD9XM",
        "genuine: PB-7K3QD-2 for EV-22222222",
        "TWICE: PB-7K3QD-1",
    ]
    assert told[3].startswith("NOT GENUINE: PBT1:")


def test_a_list_is_read_line_by_line_and_one_event_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{code(ONE)},Bob,19:55\n\n{code(OTHER)}\n"))
    status = main(["ticket", "check", "-", "--event", "EV-7K3QD9XM", *KEY])

    assert status == 1
    assert capsys.readouterr().out.splitlines() == [
        "genuine: PB-7K3QD-1 for EV-7K3QD9XM",
        "ANOTHER EVENT: PB-7K3QD-2 is for EV-22222222",
    ]


def test_good_codes_alone_end_well() -> None:
    assert main(["ticket", "check", code(ONE).lower(), code(OTHER), *KEY]) == 0


@pytest.mark.parametrize("options", [(), ("--key", "abc"), (*KEY, "--event", "gig")])
def test_a_mistake_at_the_keyboard_is_told(options: Sequence[str]) -> None:
    assert main(["ticket", "check", code(ONE), *options]) == 2
