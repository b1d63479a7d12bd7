"""The master key is taken only from a place that is its owner's alone, and never shown."""

from __future__ import annotations

import base64
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from paybridge.vault import MasterKey, MasterKeyError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = bytes(range(200, 232))


def a_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "master.key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        SECRET.hex(),
        SECRET.hex().upper() + "\n",
        base64.b64encode(SECRET).decode(),
        "  " + base64.urlsafe_b64encode(SECRET).decode() + "\n",
    ],
)
def test_hex_and_base64_are_read(text: str) -> None:
    assert MasterKey.read(text).reveal() == SECRET


@pytest.mark.parametrize("text", ["", "secret", SECRET.hex()[:-2], SECRET.hex() + "00", "ü" * 64, "A" * 44])
def test_anything_else_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(MasterKeyError) as refused:
        MasterKey.read(text)

    told = "".join(traceback.format_exception(refused.value))
    assert len(text) < 6 or text not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "binascii" not in told


def test_a_file_of_the_owner_alone_is_read(tmp_path: Path) -> None:
    assert MasterKey.from_file(a_file(tmp_path, SECRET.hex())).reveal() == SECRET
    assert MasterKey.from_file(a_file(tmp_path, SECRET.hex() + "\n", 0o400)).reveal() == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o666])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(MasterKeyError, match="chmod 600"):
        MasterKey.from_file(a_file(tmp_path, SECRET.hex(), mode))


def test_no_file_a_directory_and_a_file_of_something_else_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path, a_file(tmp_path, "not a key"), a_file(tmp_path, "\x00" * 5000)):
        with pytest.raises(MasterKeyError) as refused:
            MasterKey.from_file(path)

        assert "\n" not in str(refused.value)


def test_the_environment_is_read() -> None:
    assert MasterKey.from_environment({"KEY": SECRET.hex()}, "KEY").reveal() == SECRET


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}])
def test_an_empty_environment_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(MasterKeyError, match="KEY"):
        MasterKey.from_environment(environment, "KEY")


def test_a_generated_key_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = MasterKey.generate(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKey.from_file(path).reveal() == made.reveal()
    assert made.reveal() != MasterKey.generate(tmp_path / "another.key").reveal()


def test_a_key_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = a_file(tmp_path, SECRET.hex())

    with pytest.raises(MasterKeyError, match="File exists"):
        MasterKey.generate(path)
    assert path.read_text() == SECRET.hex()


def test_a_key_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(MasterKey(SECRET))
