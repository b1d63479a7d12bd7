"""A payee's server that is not LNbits: its invoices are real ones of a node that nobody can reach."""

from __future__ import annotations

import asyncio
import hashlib
import json
from asyncio.subprocess import PIPE
from typing import Final, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.rails.lnbits import PYTHON

# What Lightning's own library writes, signed with a key that is no secret.
MINT: Final = """
import hashlib, os, sys, time
from bolt11 import Bolt11, MilliSatoshi, TagChar, Tags, encode
network, msat, meant = sys.argv[1:]
tags = Tags()
tags.add(TagChar.description_hash, meant)
tags.add(TagChar.payment_secret, os.urandom(32).hex())
tags.add(TagChar.payment_hash, hashlib.sha256(os.urandom(32)).hexdigest())
invoice = Bolt11(currency=network, amount_msat=MilliSatoshi(int(msat)), date=int(time.time()), tags=tags)
print(encode(invoice, "11" * 32))
"""


async def mint(msat: int, meant: str, network: str = "bc") -> str:
    """An invoice for `msat` whose description has this hash."""
    made = await asyncio.create_subprocess_exec(
        str(PYTHON), "-c", MINT, network, str(msat), meant, stdout=PIPE
    )
    told, _ = await made.communicate()
    return told.decode().strip()


class Stranger:
    """Serves LNURL-pay (LUD-06, LUD-16) on this machine, for whatever name."""

    def __init__(self) -> None:
        self.metadata = json.dumps([["text/plain", "to a stranger"]])
        self.network = "bc"
        self.over = 0
        """How many thousandths of a satoshi more than asked its invoices are for."""
        self.meant = hashlib.sha256(self.metadata.encode()).hexdigest()
        self.always: str | None = None
        """The one invoice that it gives again and again."""
        self.asked: list[str] = []
        app = web.Application()
        app.router.add_get("/.well-known/lnurlp/{name}", self._says)
        app.router.add_get("/invoice", self._gives)
        self._server = TestServer(app)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self.host = f"127.0.0.1:{self._server.port}"
        self.lightning_address = f"stranger@{self.host}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Nobody answers any more."""
        await self._server.close()

    async def _says(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response(
            {
                "tag": "payRequest",
                "callback": f"http://{self.host}/invoice",
                "minSendable": 1000,
                "maxSendable": 100_000_000,
                "metadata": self.metadata,
            }
        )

    async def _gives(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        msat = int(request.query["amount"]) + self.over
        return web.json_response({"pr": self.always or await mint(msat, self.meant, self.network)})
