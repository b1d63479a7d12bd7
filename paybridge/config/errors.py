"""What is wrong with a config, in one line that names the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ConfigError(Exception):
    """The config cannot be used; the text is one line for the operator and never holds a secret."""

    @classmethod
    def at(cls, key: str, fault: str) -> ConfigError:
        """The fault of one key: `config: homeserver.url: must begin with http:// or https://`."""
        return cls.of([(key, fault)])

    @classmethod
    def of(cls, faults: Sequence[tuple[str, str]]) -> ConfigError:
        """The first of several faults, and how many more there are."""
        key, fault = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return cls(" ".join(f"config: {key}: {fault}{more}".split()))
