"""Asks together what many ask at the same time: one trip to the server answers all who ask the same question.

Each asks with facts of their own, and is still answered by a question that began after theirs: they see every
committed step.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
from sqlalchemy import BindParameter, ClauseElement, literal_column, make_url
from sqlalchemy.sql import visitors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy import Executable

    from paybridge.storage.reading import Facts

    Fetch = Callable[..., Awaitable[Sequence[asyncpg.Record]]]

_MOST_AT_ONCE: Final = 256
DIALECT: Final = make_url("postgresql+asyncpg://").get_dialect()()


class _Asked(NamedTuple):
    """One who asks, and waits for the rows; a tuple, which is made six times as fast as a record."""

    facts: Facts
    answer: asyncio.Future[list[asyncpg.Record]]


class Gathered:
    """Sends at most `most` questions at a time; meanwhile, others like those that wait join them."""

    def __init__(self, fetch: Fetch, most: int) -> None:
        self._fetch = fetch
        self._free = most
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Executable, list[_Asked]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, statement: Executable, facts: Facts) -> list[asyncpg.Record]:
        """The rows of `statement` with these facts; behind its own columns, each has a number more."""
        asked = _Asked(facts, self._loop.create_future())
        if not self._waiting:
            # Callers woken by one commit ask in one turn of the loop.
            self._loop.call_soon(self._send)
        self._waiting.setdefault(statement, []).append(asked)
        return await asked.answer

    async def close(self) -> None:
        """Let those who asked have their answer."""
        self._send()
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _send(self) -> None:
        while self._waiting and self._free:
            statement = next(iter(self._waiting))
            some = self._waiting.pop(statement)
            if more := some[_MOST_AT_ONCE:]:
                self._waiting[statement] = more
            self._free -= 1
            # Nobody's own task: one that gives up must take nobody along.
            task = self._loop.create_task(self._answer(statement, some[:_MOST_AT_ONCE]))
            self._under_way.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._free += 1
        self._send()

    async def _answer(self, statement: Executable, some: Sequence[_Asked]) -> None:
        try:
            try:
                answers = await self._rows(statement, [asked.facts for asked in some])
            except asyncpg.DataError:
                # A fact that no text can hold is its own caller's trouble.
                if len(some) == 1:
                    raise
                for asked in some:
                    await self._answer(statement, [asked])
                return
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for asked in some:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            return
        for asked, rows in zip(some, answers, strict=True):
            if not asked.answer.done():  # its caller gave up
                asked.answer.set_result(rows)

    async def _rows(self, statement: Executable, facts: Sequence[Facts]) -> list[list[asyncpg.Record]]:
        sql, names = asked_together(statement)
        found = await self._fetch(sql, *([one[name] for one in facts] for name in names))
        rows: list[list[asyncpg.Record]] = [[] for _ in facts]
        for row in found:
            rows[row[-1] - 1].append(row)
        return rows


@lru_cache(maxsize=256)
def asked_together(statement: Executable) -> tuple[str, Sequence[str]]:
    """The SQL that answers the statement for many facts at once, and the names of these, an array for each.

    The rows of one who asked come in the order that the statement says, with their place as the last column.
    """
    assert isinstance(statement, ClauseElement)  # whatever can be executed is one
    kinds: dict[str, str] = {}

    def asked(element: Any, **_: object) -> ClauseElement | None:  # noqa: ANN401 - any part of the statement
        # A parameter that has its value is part of the question.
        if not isinstance(element, BindParameter) or not element.required:
            return None
        kinds[element.key] = "bigint" if element.type.python_type is int else "text"
        return literal_column(f'asked."{element.key}"', element.type)

    made = visitors.replacement_traverse(statement, {}, asked)
    assert isinstance(made, ClauseElement)  # as it was before
    one = made.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds.values(), start=1))
    names = ", ".join(f'"{name}"' for name in kinds)
    sql = (
        f"SELECT found.*, asked.asked_as FROM unnest({arrays}) WITH ORDINALITY AS asked ({names}, asked_as)"  # noqa: S608 - our own names
        f" CROSS JOIN LATERAL ({one}) AS found"
    )
    return sql, tuple(kinds)
