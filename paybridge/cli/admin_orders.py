"""The part of `paybridge admin` that asks for what moves money or loosens something, which waits."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from paybridge.cli._frame import ConfigFile, Mistake, account, books_at, load, told
from paybridge.cli._tables import AsJson, show_table
from paybridge.cli.people import User

if TYPE_CHECKING:
    from paybridge.config import Config
    from paybridge.domain.money import Money
    from paybridge.domain.motions import MotionKind
    from paybridge.domain.region import Level

MOMENT: Final = "%Y-%m-%d %H:%M UTC"
Payment = Annotated[str, typer.Argument(help="The payment, such as PB-7K3QD.")]

suspense = typer.Typer(help="What is to be settled by hand.", no_args_is_help=True)


def unfreeze(user: User, config: ConfigFile) -> None:
    """Ask that somebody whom an operator has frozen be let go."""
    from paybridge.domain.motions import MotionKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError

    loaded = load(config)
    url = books_at(loaded)
    with told(DatabaseError):
        standing = standing_of(url, user)
    if not standing.stopped:
        own = "; see `paybridge people unfreeze`" if standing.frozen else ""
        raise Mistake(f"no operator has frozen {user}{own}")
    _ask(loaded, MotionKind.UNFREEZE, standing.person, user)


def limits(
    user: User,
    most: Annotated[str, typer.Argument(help="named or checked; or an amount for a day, such as '200 EUR'.")],
    config: ConfigFile,
) -> None:
    """Ask that somebody be given a higher level, and with it higher limits; or a higher limit for a day."""
    from paybridge.domain.motions import MotionKind
    from paybridge.domain.region import Level
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import level_of

    loaded = load(config)
    url = books_at(loaded)
    levels = list(Level)
    day = _day(loaded, most) if any(letter.isdigit() for letter in most) else None
    if day is None and most not in levels:
        raise Mistake(f"there is no level {most}, only {', '.join(levels)}")
    with told(DatabaseError):
        standing = standing_of(url, user)
        now = Level(level_of(url, standing.person) or Level.UNCHECKED)
    if day is not None:
        _check_is_more(loaded, standing.person, user, now, day)
        _ask(loaded, MotionKind.RAISE, standing.person, user, amount=day)
        return
    if levels.index(Level(most)) <= levels.index(now):
        raise Mistake(f"{user} has the level {now}; a lower one is given with `!admin limits`")
    _ask(loaded, MotionKind.RAISE, standing.person, user, level=most)


def _day(config: Config, typed: str) -> Money:
    """The amount for a day, which the region lets those send who are known best."""
    from paybridge.config.regions import region_of
    from paybridge.domain.amounts import find_amount
    from paybridge.domain.errors import UserError
    from paybridge.domain.own_cap import MoreThanTheRegionsMostError, NothingLimitedError, check_within_most

    try:
        day = find_amount(typed.split(), default_currency=None)[0].money
    except UserError as error:
        raise Mistake(f"{typed} is no amount with its currency, such as 200 EUR") from error
    try:
        check_within_most(region_of(config.region, config.rules), day)
    except NothingLimitedError as error:
        raise Mistake(f"the region limits nothing in {day.currency}") from error
    except MoreThanTheRegionsMostError as error:
        raise Mistake(f"the region lets nobody send {day} in a day") from error
    return day


def _check_is_more(config: Config, person: str, user: str, level: Level, day: Money) -> None:
    from paybridge.config.regions import region_of
    from paybridge.domain.own_cap import within
    from paybridge.domain.transfer import TransferKind
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import own_cap_beside

    with told(DatabaseError):
        own = own_cap_beside(books_at(config), person, day.currency)
    caps = region_of(config.region, config.rules).caps(TransferKind.PAY, level, day.currency)
    now = within(caps, own).day
    if now is None or day <= now:
        most = "as much as they like" if now is None else now
        raise Mistake(f"{user} may send {most} in a day; less is given with `!admin limits`")


def waiting(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """List what operators asked for and that waits."""
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import waiting_beside

    with told(DatabaseError):
        found = waiting_beside(books_at(load(config)))
    rows = [
        {
            "id": one.id,
            "what": one.told(mxid or "somebody who was erased"),
            "by": one.by,
            "until": f"{one.due:{MOMENT}}",
            "waits_for": "another operator" if one.needs_second else "its time",
        }
        for one, mxid in found
    ]
    if as_json:
        typer.echo(json.dumps({"version": 1, "waiting": rows}, indent=2))
    elif rows:
        show_table("waiting", tuple(rows[0]), [tuple(row.values()) for row in rows])
    else:
        typer.echo("Nothing waits that an operator asked for.")


def stop(order: Annotated[str, typer.Argument(help="The id of what waits.")], config: ConfigFile) -> None:
    """Stop what waits, so that it is never done."""
    from paybridge.app import SystemClock
    from paybridge.domain.motions import MotionOverError, NoSuchMotionError, NotAMotionIdError, read_motion_id
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import stop_beside

    url = books_at(load(config))
    try:
        name = read_motion_id(order)
        with told(DatabaseError):
            stop_beside(url, name, account(), SystemClock().now())
    except NotAMotionIdError as error:
        raise Mistake(f"{order} is no id of anything that waits, such as A-7K3QD") from error
    except NoSuchMotionError as error:
        raise Mistake(f"nothing was ever asked for under {order}") from error
    except MotionOverError as error:
        raise Mistake(f"{order} does not wait any more") from error
    typer.echo(f"{name} is stopped; nothing was done.")


@suspense.command("list")
def list_suspense(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """List what lies in suspense, the orders that it came from, and who owes something."""
    from paybridge.domain.money import Money
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import lying_beside

    with told(DatabaseError):
        found = lying_beside(books_at(load(config)))
    if as_json:
        typer.echo(json.dumps({"version": 1, **found}, indent=2))
        return
    for title, rows in found.items():
        if rows:
            names = [name for name in rows[0] if name not in {"minor", "currency"}]
            cells = [
                (*(str(row[name]) for name in names), str(Money(row["minor"], row["currency"])))
                for row in rows
            ]
            show_table(title, (*names, "amount"), cells)
    if not any(found.values()):
        typer.echo("Nothing lies in suspense, and nobody owes anything.")


@suspense.command()
def assign(payment: Payment, user: User, config: ConfigFile) -> None:
    """Ask that what lies in suspense for a payment be given to one of its two sides."""
    from paybridge.domain.ids import NotAnIdError, read_payment_id
    from paybridge.domain.motions import MotionKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import check_side

    loaded = load(config)
    url = books_at(loaded)
    try:
        name = read_payment_id(payment)
    except NotAnIdError as error:
        raise Mistake(f"{payment} is no payment id, such as PB-7K3QD") from error
    with told(DatabaseError):
        standing = standing_of(url, user)
        check_side(url, name, standing.person)
    _ask(loaded, MotionKind.ASSIGN, standing.person, user, payment=name)


@suspense.command("write-off")
def write_off(user: User, config: ConfigFile) -> None:
    """Ask that somebody owe no more what they owe."""
    from paybridge.domain.motions import MotionKind
    from paybridge.storage.deeds import standing_of
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import debt_of

    loaded = load(config)
    url = books_at(loaded)
    with told(DatabaseError):
        standing = standing_of(url, user)
        owed = debt_of(url, standing.person)
    if owed is None:
        raise Mistake(f"{user} owes nothing")
    _ask(loaded, MotionKind.WRITE_OFF, standing.person, user, amount=owed)


def _ask(
    config: Config,
    kind: MotionKind,
    person: str,
    user: str,
    *,
    payment: str | None = None,
    amount: Money | None = None,
    level: str | None = None,
) -> None:
    from paybridge.app import SystemChance, SystemClock
    from paybridge.domain.acts import Via
    from paybridge.domain.motions import LIFE, Motion, motion_id
    from paybridge.storage.errors import DatabaseError
    from paybridge.storage.motions_beside import ask_beside, waiting_beside

    url, now, two = books_at(config), SystemClock().now(), config.admin.two_admins
    due = now + (LIFE if two else timedelta(minutes=config.admin.delay_minutes))
    motion = Motion(
        motion_id(SystemChance().number()),
        kind, account(), Via.COMMAND_LINE, person, now, due, two, payment, amount, level,
    )  # fmt: skip
    with told(DatabaseError):
        for other, _ in waiting_beside(url):
            if (other.kind, other.person, other.payment) == (kind, person, payment):
                raise Mistake(f"that waits already, as {other.id}, asked for by {other.by}")
        ask_beside(url, motion)
    if two:
        typer.echo(
            f"{motion.id}: {motion.told(user)}. It is done once an operator types"
            f" `!admin approve {motion.id}` before {due:{MOMENT}}."
        )
    else:
        typer.echo(
            f"{motion.id}: {motion.told(user)}. The bot does it at {due:{MOMENT}};"
            f" `paybridge admin stop {motion.id}` stops it until then."
        )
