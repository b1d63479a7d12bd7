"""How a basket is shown before it is paid: its lines, and the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Say, rate_text
from paybridge.commands._shop_words import lines_of

if TYPE_CHECKING:
    from paybridge.commands._frame import Drafted, Paper


async def shown(call: Call, drafted: Drafted, paper: Paper) -> Answer:
    """The basket and the card that pays it."""
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        call.room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=(await _basket(call, drafted, paper), *card))


async def _basket(call: Call, drafted: Drafted, paper: Paper) -> Say:
    """What is in it, with its taxes; alone with the buyer where the room must not see amounts."""
    hides = await call.desk.policies.hides_amounts(call.room.id)
    bill = paper.bill
    return Say(
        id=f"{drafted.transfer.id}/basket",
        key="order.basket",
        language=call.language,
        room=None if hides else call.room.id,
        person=call.speaker.mxid if hides else None,
        facts={
            "payment": drafted.transfer.id,
            "shop": paper.seller.name,
            "lines": lines_of(paper),
            "taxes": tuple(
                {"rate": rate_text(one.rate), "tax": one.tax, "net": one.net}
                for one in bill.taxes
                if one.rate
            ),
            "total": bill.total,
        },
    )
