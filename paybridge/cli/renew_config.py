"""`paybridge renew-config`: keys that are new in this version, added to a config as comments."""

from __future__ import annotations

import typer

from paybridge.cli._frame import ConfigFile, told


def renew_config(config: ConfigFile) -> None:
    """Add the keys that a config does not mention yet, as comments; what is there stays as it is."""
    from paybridge.config import ConfigError
    from paybridge.config.renewal import renew

    with told(ConfigError):
        done = renew(config)
    if done.backup is None:
        typer.echo(f"{config} mentions every key already.")
        return
    typer.echo(f"Added to {config}, each as a comment with what it is for:")
    for key in done.added:
        typer.echo(f"  {key}")
    typer.echo(f"The config of before is {done.backup}.")
