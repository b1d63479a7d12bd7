"""Stripe's own SDK as a judge, in a Python of its own: it reads what our rail has left at the peer.

`python -m tests.rails.localstripe` installs it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import venv
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, Final

HOME: Final = Path(__file__).parents[2] / ".venv" / "stripe-sdk"
PYTHON: Final = HOME / "bin" / "python"
STAMP: Final = HOME / ".installed"
WANTED: Final = "stripe==16.1.0"

READ: Final = """
import json, stripe, sys

told = json.load(sys.stdin)
stripe.api_base, stripe.api_key = told['address'], told['key']

def facts(one):
    return {'id': one.id, 'status': one.status, 'amount': one.amount, 'currency': one.currency,
            'metadata': one.metadata.to_dict() if hasattr(one.metadata, 'to_dict') else dict(one.metadata)}

found = {
    'balance_is_live': stripe.Balance.retrieve().livemode,
    'intents': [facts(one) for one in stripe.PaymentIntent.list(limit=100).auto_paging_iter()],
    'payouts': [facts(one) for one in stripe.Payout.list(limit=100).auto_paging_iter()],
    'refunds': [facts(one) for one in stripe.Refund.list(limit=100).auto_paging_iter()],
}
if told['webhook']:
    raw, signature, secret = told['webhook']
    try:
        found['event'] = stripe.Webhook.construct_event(raw, signature, secret).id
    except stripe.SignatureVerificationError:
        found['event'] = None
print(json.dumps(found))
"""


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="ascii") == WANTED


def install() -> None:
    if is_installed():
        return
    venv.create(HOME, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, WANTED], check=True)  # noqa: S603  the Python that was just made
    STAMP.write_text(WANTED, encoding="ascii")


async def read(address: str, key: str, webhook: tuple[str, str, str] | None = None) -> dict[str, Any]:
    """What the SDK finds at `address`; of a webhook (body, signature, secret) its event's id, or None."""
    told = json.dumps({"address": address, "key": key, "webhook": webhook}).encode()
    process = await asyncio.create_subprocess_exec(str(PYTHON), "-c", READ, stdin=PIPE, stdout=PIPE)
    found, _ = await process.communicate(told)
    assert process.returncode == 0
    read: dict[str, Any] = json.loads(found)
    return read
