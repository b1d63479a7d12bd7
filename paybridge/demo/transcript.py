"""The conversation as two people see it, side by side, line by line as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from paybridge.demo.person import Person, Seen

_GAP: Final = 3
_NARROWEST: Final = 36
_COLOURS: Final = ("cyan", "magenta")


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two people: whose eyes, and what they call the rooms that they are in."""

    person: Person
    name: str
    rooms: dict[str, str]


class Transcript:
    """Prints what is new in anybody's timeline; an edited message is printed again, marked."""

    def __init__(self, console: Console, readers: Sequence[Reader], names: Mapping[str, str]) -> None:
        self._console = console
        self._readers = tuple(readers)
        self._names = names
        self._shown: list[dict[str, int]] = [{} for _ in readers]

    def heading(self) -> None:
        """Whose column is whose."""
        self._row(
            [
                Text(f"── what {reader.name} sees ──", style=f"bold {colour}")
                for reader, colour in zip(self._readers, _COLOURS, strict=False)
            ]
        )

    def catch_up(self) -> None:
        """Print what has come since the last time."""
        news: dict[tuple[bool, str], list[Text | None]] = {}
        for column, reader in enumerate(self._readers):
            for room, label in reader.rooms.items():
                for seen in reader.person.timeline(room):
                    if self._is_new(column, seen):
                        cells = news.setdefault((seen.edited > 0, seen.event_id), [None] * len(self._readers))
                        cells[column] = self._cell(seen, label, column)
        # What was edited was edited by what was said: new messages come first.
        for _, cells in sorted(news.items(), key=lambda item: item[0][0]):
            self._row([cell or Text("") for cell in cells])

    def aside(self, text: str) -> None:
        """A line of the narrator, over both columns."""
        self._console.print(Text(f"\n  {text}", style="italic dim"), end="\n\n")

    def _is_new(self, column: int, seen: Seen) -> bool:
        before = self._shown[column].get(seen.event_id)
        if before == seen.edited:
            return False
        self._shown[column][seen.event_id] = seen.edited
        return True

    def _cell(self, seen: Seen, label: str, column: int) -> Text:
        who = self._names.get(seen.sender, seen.sender)
        mark = " (edited)" if seen.edited else ""
        cell = Text()
        cell.append(f"[{label}] ", style="dim")
        cell.append(f"{who}{mark}: ", style=f"bold {_COLOURS[column]}")
        cell.append(seen.body if seen.readable else f"(could not be read: {seen.failure})")
        return cell

    def _row(self, cells: Sequence[Text]) -> None:
        width = max((self._console.width - _GAP) // len(cells), _NARROWEST)
        table = Table.grid(padding=(0, _GAP, 0, 0))
        for _ in cells:
            table.add_column(width=width - _GAP, overflow="fold")
        table.add_row(*cells)
        self._console.print(table)
