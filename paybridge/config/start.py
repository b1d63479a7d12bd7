"""What a start needs besides a sound config: a folder that can be written, and the master key."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paybridge.config.errors import ConfigError
from paybridge.config.model import MASTER_KEY_FILE, Config
from paybridge.config.reference import PLACEHOLDERS
from paybridge.vault import MasterKey, MasterKeyError


def check_edited(config: Config, path: Path) -> None:
    """See that the operator's own values stand where the example has made-up ones, or `ConfigError`."""
    account = config.homeserver
    password = account.password.get_secret_value() if account.password is not None else None
    stands = {
        "homeserver.url": account.url,
        "homeserver.user_id": account.user_id,
        "homeserver.password": password,
    }
    left = [
        (key, f"is still the example's: write yours in {path}")
        for key in stands
        if stands[key] == PLACEHOLDERS[key]
    ]
    if left:
        raise ConfigError.of(left)


def check_data_dir(config: Config) -> None:
    """Make the data folder if it is not there, and see that files can be written in it, or `ConfigError`."""
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=config.data_dir) as file:
            file.write(b"can be written")
    except OSError as error:
        raise ConfigError.at("data_dir", f"cannot write in {config.data_dir}: {error.strerror}") from None


def master_key_of(config: Config, *, founded: bool = False) -> MasterKey:
    """The master key from the config, its command or its file, or `MasterKeyError`.

    At the very first start, when there are no books yet that another key could belong to, a file that is
    not there is made. Later a missing key is an error: a new one would open nothing. That a database on a
    server is `founded`, so that it has a key, is for the caller to know.
    """
    if config.vault.master_key is not None:
        return MasterKey.read(config.vault.master_key.get_secret_value())
    if config.vault.master_key_command:
        try:
            return MasterKey.from_command(config.vault.master_key_command)
        except MasterKeyError as error:
            raise MasterKeyError(f"vault.master_key_command: {error}") from None
    path = config.vault.master_key_file or config.data_dir / MASTER_KEY_FILE
    file = config.database.file
    if not path.exists() and not founded and (file is None or not file.exists()):
        return MasterKey.generate(path)
    return MasterKey.from_file(path)
