"""The master key: 32 bytes that wrap every data key, read from a file, the environment or a command."""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
import stat
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

KEY_LENGTH: Final = 32
COMMAND_PATIENCE_SECONDS: Final = 30.0
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class MasterKeyError(Exception):
    """There is no usable master key; the message is one line that says what to do."""


class WrongMasterKeyError(MasterKeyError):
    """The master key is not the one that this database was made with."""


class MasterKey:
    """The key itself. It never shows in a repr, a log or a traceback."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_LENGTH:
            raise MasterKeyError(f"the master key must be {KEY_LENGTH} bytes")
        self._secret = secret

    @classmethod
    def read(cls, text: str) -> MasterKey:
        """The key that `text` spells as 64 hex digits or as base64 (either alphabet), or `MasterKeyError`."""
        return cls(_decode(text.strip()))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], name: str) -> MasterKey:
        """The key in the variable `name`, or `MasterKeyError`."""
        text = environment.get(name)
        if not text:
            raise MasterKeyError(f"the environment variable {name} holds no master key")
        return cls.read(text)

    @classmethod
    def from_file(cls, path: Path) -> MasterKey:
        """The key in `path`, or `MasterKeyError`: a file that others may touch is refused."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                text = file.read(1024)
        except OSError as error:
            raise MasterKeyError(f"cannot read the master key {path}: {error.strerror}") from error
        if not stat.S_ISREG(mode):
            raise MasterKeyError(f"the master key {path} is not a file")
        if mode & _OPEN_TO_OTHERS:
            raise MasterKeyError(f"others can read the master key {path}: run chmod 600 {path}")
        try:
            return cls.read(text.decode("ascii"))
        except (UnicodeDecodeError, MasterKeyError) as error:
            raise MasterKeyError(f"{path} holds no master key (64 hex digits or base64)") from error

    @classmethod
    def from_command(cls, arguments: Sequence[str], patience: float = COMMAND_PATIENCE_SECONDS) -> MasterKey:
        """The key that a program prints within `patience` seconds, or `MasterKeyError`.

        Without a shell and without our standard input. Neither what it printed nor what it complained about
        is told: either may hold the key. The arguments may be secret too, so that only the program is named.
        """
        program = arguments[0]
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's own program
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MasterKeyError(f"{program} printed no key within {patience:g} seconds") from None
        except OSError as error:
            raise MasterKeyError(f"cannot run {program}: {error.strerror}") from None
        if ended.returncode != 0:
            raise MasterKeyError(f"{program} ended with {ended.returncode}")
        try:
            return cls.read(ended.stdout.decode("ascii"))
        except (UnicodeDecodeError, MasterKeyError):
            raise MasterKeyError(f"{program} printed no master key (64 hex digits or base64)") from None

    @classmethod
    def generate(cls, path: Path, randomness: Callable[[int], bytes] = secrets.token_bytes) -> MasterKey:
        """A new key, written to `path` for its owner alone; a file that is there already is never touched."""
        secret = randomness(KEY_LENGTH)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secret.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise MasterKeyError(f"cannot write a master key to {path}: {error.strerror}") from error
        return cls(secret)

    def reveal(self) -> bytes:
        """The bytes, for the cipher alone."""
        return self._secret

    def __repr__(self) -> str:
        return "MasterKey(hidden)"

    def __reduce__(self) -> str:
        """A pickled key would be a key on disk."""
        raise TypeError("a master key is not pickled")


def _decode(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        # The text itself must not travel along in the chained error.
        raise MasterKeyError("the master key is neither 64 hex digits nor base64") from None
