"""A stand-in for Stripe, in a Python of its own: `python -m tests.rails.localstripe` installs it.

It is a useful adversary: it ignores idempotency keys. What it lacks is added here as Stripe documents it:
debits that take their time, disputes, bank accounts, payouts in the statement, and a page for 3-D Secure.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import venv
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Final, Self

from tests.rails import stripe_sdk

HOME: Final = Path(__file__).parents[2] / ".venv" / "localstripe"
PYTHON: Final = HOME / "bin" / "python"
STAMP: Final = HOME / ".installed"
WANTED: Final = "localstripe==1.15.10"

# Its own command listens to everybody and keeps what it knows in a file that all users share.
SERVE: Final = """
import asyncio, sys
from aiohttp import web
from localstripe import resources, server, webhooks
from localstripe.resources import (
    BalanceTransaction, Charge, Event, List, PaymentIntent, Payout, StripeObject, store)

resources.Store.dump_to_disk = lambda store: None
later = []

def charge_later(charge, on_success=None, on_failure_now=None, on_failure_later=None):
    if not charge._is_async_payment_method():
        return charge_now(charge, on_success, on_failure_now, on_failure_later)
    def end():
        if charge._authorized:
            book(charge, charge.amount, 'charge')
            charge.status = 'succeeded'
            on_success and on_success()
        else:
            charge._set_auth_failure()
            on_failure_later and on_failure_later()
    later.append(end)

charge_now, Charge._initialize_charge = Charge._initialize_charge, charge_later

def book(source, amount, kind):
    line = BalanceTransaction.__new__(BalanceTransaction)
    StripeObject.__init__(line)
    line.amount, line.currency, line.type, line.source = amount, source.currency, kind, source.id
    line.fee = 0
    return line

class Dispute(StripeObject):
    object = 'dispute'
    _id_prefix = 'du_'

    def __init__(self, charge, amount, status):
        super().__init__()
        self.charge, self.amount, self.status = charge.id, amount, status
        self.currency, self.payment_intent, self.metadata = charge.currency, charge.payment_intent, {}
        if not status.startswith('warning'):
            book(self, -amount, 'adjustment')
        resources.schedule_webhook(Event('charge.dispute.created', self))

    @classmethod
    def _api_list_all(cls, url, charge=None, limit=None, starting_after=None):
        found = super()._api_list_all(url, limit, starting_after)
        found._list = [one for one in found._list if one.charge == charge]
        return found

Charge.disputed = property(lambda charge: any(
    one.charge == charge.id for key, one in list(store.items()) if key.startswith('dispute:')))
server.app.router.add_get('/v1/disputes', server.api_list_all(Dispute, '/v1/disputes'))

def make_payout(payout, destination=None, **told):
    paid = destination.startswith('ba_atonce')
    payout_alone(payout, destination=destination, status='paid' if paid else 'pending', **told)
    payout.destination = destination
    payout.balance_transaction = book(payout, -payout.amount, 'payout').id

payout_alone, Payout.__init__ = Payout.__init__, make_payout

def account(request):
    return web.json_response({'id': 'acct_kit', 'object': 'account'})

def bank_account(request):
    id = request.match_info['id']
    if not id.startswith('ba_'):
        raise server.UserError(404, 'Not Found')
    return web.json_response({'id': id, 'object': 'bank_account', 'last4': '3000', 'currency': 'eur'})

server.app.router.add_get('/v1/account', account)
server.app.router.add_get('/v1/accounts/acct_kit/external_accounts/{id}', bank_account)

def make_intent(intent, payment_method_types=None, payment_method=None, **told):
    if resources.PaymentMethod._api_retrieve(payment_method).type not in payment_method_types:
        raise server.UserError(400, 'The payment method type is not allowed')
    intent_alone(intent, payment_method=payment_method, **told)

intent_alone, PaymentIntent.__init__ = PaymentIntent.__init__, make_intent

def confirm(cls, id, return_url=None, **told):
    intent = confirm_alone(id, **told)
    if intent.next_action and return_url:
        page = 'https://hooks.stripe.com/redirect/authenticate/' + intent.client_secret
        intent.next_action = {
            'type': 'redirect_to_url', 'redirect_to_url': {'url': page, 'return_url': return_url}}
    return intent

confirm_alone = PaymentIntent._api_confirm
for route in list(server.app.router.resources()):
    if route.canonical == '/v1/payment_intents/{id}/confirm':
        route._routes.clear()
        route.add_route('POST', server.api_extra(lambda **told: confirm(PaymentIntent, **told), ''))

async def settle(request):
    while later:
        later.pop()()
    return web.Response()

async def dispute(request):
    told = await request.post()
    Dispute(Charge._api_retrieve(told['charge']), int(told['amount']), told['status'])
    return web.Response()

async def age(request):
    told = await request.post()
    PaymentIntent._api_retrieve(told['intent']).created -= int(told['seconds'])
    return web.Response()

server.app.router.add_post('/_config/settle', settle)
server.app.router.add_post('/_config/dispute', dispute)
server.app.router.add_post('/_config/age', age)

async def serve():
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(serve())
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


class LocalStripe:
    """Runs from entering to leaving; it ends by itself when its input is closed."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            str(PYTHON), "-c", SERVE, stdin=PIPE, stdout=PIPE
        )
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(await self._process.stdout.readline())}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


if __name__ == "__main__":
    install()
    stripe_sdk.install()
    sys.stdout.write(f"{WANTED} and {stripe_sdk.WANTED} are installed\n")
