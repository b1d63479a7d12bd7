"""What programs read of a transfer beside its message: the content of `org.paybridge.payment`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from paybridge.domain.transfer import TransferState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.transfer import Transfer

UNDER_WAY: Final = "under_way"


def about(transfer: Transfer, state: str | None) -> Mapping[str, object]:
    """The content of `org.paybridge.payment`, for programs; never a secret or a balance."""
    shown = UNDER_WAY if transfer.state is TransferState.APPROVED else transfer.state.value
    told: dict[str, object] = {
        "v": 1,
        "id": transfer.id,
        "kind": transfer.kind.value,
        "state": state or shown,
        "amount": {"value": transfer.amount.plain(), "currency": transfer.amount.currency},
        "fee": {"value": transfer.fees.plain(), "currency": transfer.fees.currency},
        "payer": transfer.payer_mxid,
        "payee": transfer.payee_mxid,
        "expires_ts": int(transfer.expires.astimezone(UTC).timestamp() * 1000),
    }
    if transfer.original is not None:
        told["original"] = transfer.original
    if transfer.state is TransferState.AWAITING_APPROVAL:
        told["code"] = transfer.code
    return told


def without_amounts(told: Mapping[str, object]) -> Mapping[str, object]:
    """The content of `org.paybridge.payment` for a room that must not see amounts."""
    return {name: value for name, value in told.items() if name not in {"amount", "fee"}}
