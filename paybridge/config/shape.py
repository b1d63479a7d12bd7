"""The keys that a config may have, read off its model."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from paybridge.config.model import Config

RAILS: Final = "rails"
FILE: Final = "_file"

Options = Mapping[str, type[BaseModel]]
"""The option model of every rail, by the rail's name."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its dotted name, and the field that says what may stand in it."""

    name: str
    field: FieldInfo

    @property
    def is_secret(self) -> bool:
        return is_secret(self.field)

    @property
    def section(self) -> type[BaseModel] | None:
        return section_of(self.field)


def keys_below(model: type[BaseModel], rails: Options, prefix: str = "") -> Iterator[Key]:
    """Every key and section of `model`, in the order in which they are declared."""
    for name, field in model.model_fields.items():
        key = Key(prefix + name, field)
        yield key
        if key.section is not None:
            yield from keys_below(key.section, rails, f"{key.name}.")
        if model is Config and name == RAILS:
            for rail, options in rails.items():
                yield Key(f"{key.name}.{rail}", FieldInfo(annotation=options, description=options.__doc__))
                yield from keys_below(options, rails, f"{key.name}.{rail}.")


def all_keys(rails: Options) -> dict[str, Key]:
    """Every key and section that there is, by its dotted name."""
    return {key.name: key for key in keys_below(Config, rails)}


def names_allowed(keys: Mapping[str, Key]) -> list[str]:
    """What an operator may write: every key, and `..._file` for every secret."""
    return [*keys, *(name + FILE for name, key in keys.items() if key.is_secret and name + FILE not in keys)]


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, if it holds one."""
    for leaf in _leaves(field.annotation):
        if isinstance(leaf, type) and issubclass(leaf, BaseModel):
            return leaf
    return None


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds a secret."""
    return SecretStr in _leaves(field.annotation)


def is_one_word(field: FieldInfo) -> bool:
    """Whether a field holds a single value, which an environment variable can spell as it is."""
    return section_of(field) is None and not any(
        get_origin(leaf) in {dict, list, tuple, frozenset, set} for leaf in _leaves(field.annotation)
    )


def _leaves(annotation: Any) -> list[Any]:  # noqa: ANN401  an annotation is any expression
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [leaf for part in get_args(annotation) for leaf in _leaves(part)]
    return [annotation]
