"""`!admin`: what operators do in their room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from paybridge.commands._admin_house import audit, export, rails, reconcile
from paybridge.commands._admin_money import suspense
from paybridge.commands._admin_motions import approve, stop, waiting
from paybridge.commands._admin_people import freeze, limits, unfreeze
from paybridge.commands._admin_views import log, status
from paybridge.commands._frame import Answer, Call, Role, UserError, command

Part = Callable[[Call, str], Awaitable[Answer]]

PARTS: Final[Mapping[str, Part]] = {
    "status": status,
    "freeze": freeze,
    "unfreeze": unfreeze,
    "limits": limits,
    "suspense": suspense,
    "rails": rails,
    "reconcile": reconcile,
    "audit": audit,
    "export": export,
    "waiting": waiting,
    "stop": stop,
    "approve": approve,
    "log": log,
}
ALSO: Final = {
    "状态": "status",
    "冻结": "freeze",
    "解冻": "unfreeze",
    "限额": "limits",
    "挂账": "suspense",
    "渠道": "rails",
    "核对": "reconcile",
    "审计": "audit",
    "导出": "export",
    "待办": "waiting",
    "停止": "stop",
    "批准": "approve",
    "记录": "log",
}


class WhatToAdministerError(UserError):
    """What follows the verb is nothing that operators do."""

    key = "error.what_to_administer"

    def lines(self) -> tuple[str, ...]:
        return ("!admin",)


@command(
    "admin",
    usage="[status | freeze @someone [why] | unfreeze @someone | limits @someone [named | 200 EUR]"
    " | suspense […] | rails [pause bank | resume bank] | reconcile [bank] | audit | export 2026-10"
    " | waiting | stop A-7K3QD | approve A-7K3QD | log]",
    examples=(
        "!admin",
        "!admin status",
        "!admin freeze @bob:example.org stolen phone",
        "!admin unfreeze @bob:example.org",
        "!admin limits @bob:example.org",
        "!admin limits @bob:example.org named",
        "!admin limits @bob:example.org 200 EUR",
        "!admin suspense",
        "!admin suspense PB-7K3QD to @bob:example.org",
        "!admin suspense @bob:example.org write-off",
        "!admin rails",
        "!admin rails pause bank",
        "!admin reconcile",
        "!admin audit",
        "!admin export 2026-10",
        "!admin waiting",
        "!admin stop A-7K3QD",
        "!admin approve A-7K3QD",
        "!admin log",
    ),
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
