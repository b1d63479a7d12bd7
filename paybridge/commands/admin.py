"""`!admin`: what operators do in their room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from paybridge.commands._admin_people import freeze
from paybridge.commands._admin_views import log, status
from paybridge.commands._frame import Answer, Call, Role, UserError, command

Part = Callable[[Call, str], Awaitable[Answer]]

PARTS: Final[Mapping[str, Part]] = {"status": status, "freeze": freeze, "log": log}
ALSO: Final = {"状态": "status", "冻结": "freeze", "记录": "log"}


class WhatToAdministerError(UserError):
    """What follows the verb is nothing that operators do."""

    key = "error.what_to_administer"

    def lines(self) -> tuple[str, ...]:
        return ("!admin",)


@command(
    "admin",
    usage="[status | freeze @someone [why] | log]",
    examples=("!admin", "!admin status", "!admin freeze @bob:example.org stolen phone", "!admin log"),
    aliases=("管理",),
    role=Role.ADMIN,
    proven=True,
)
async def admin(call: Call) -> Answer:
    """Do what stands behind the verb, or tell what there is; only in the room of operators."""
    call.desk.administration.check_room(call.room)
    word = call.first.casefold()
    if not word:
        return Answer(key="admin.all")
    part = PARTS.get(ALSO.get(word, word))
    if part is None:
        raise WhatToAdministerError
    return await part(call, call.rest)
