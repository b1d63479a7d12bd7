"""What a rail promises about real money: that it never touches any."""

from __future__ import annotations

from paybridge.conformance.bench import Bench, NotOfferedError, promised
from paybridge.conformance.proxy import Fault
from paybridge.services.ports import NotASandboxError, NotSentError


async def check_sandbox(bench: Bench) -> None:
    """It proves that its peer is a sandbox, and says that it is there."""
    await bench.rail.prove_sandbox()
    await bench.rail.alive()


async def check_no_sandbox(bench: Bench) -> None:
    """A peer that says that its money is real is refused."""
    proving = bench.proving
    async with bench.proxy(proving.about) as proxy:
        proxy.rewrite = proving.as_if_live
        try:
            await bench.stand.rail(proxy.address).prove_sandbox()
        except NotASandboxError:
            return
    promised(truth=False, otherwise="it was taken for a sandbox")


async def check_sandbox_unproven(bench: Bench) -> None:
    """A peer that hangs up or answers nonsense has proven nothing."""
    proving = bench.proving
    for fault in (Fault.DROPPED_AFTER, Fault.CUT_JSON, Fault.BAD_GATEWAY_AFTER):
        async with bench.proxy(proving.about) as proxy:
            proxy.fault = fault
            try:
                await bench.stand.rail(proxy.address).prove_sandbox()
            except (NotASandboxError, NotSentError):
                continue
        promised(truth=False, otherwise=f"{fault}: it was taken for a sandbox")


async def check_live_credentials(bench: Bench) -> None:
    """Credentials for real money are refused before anything is sent."""
    credentialed = bench.credentialed
    if bench.kind is None:
        raise NotOfferedError("the rail is not installed under its name")
    for number, options in enumerate(credentialed.live_options):
        try:
            bench.kind.Options.model_validate(options)
        except ValueError:
            continue
        promised(truth=False, otherwise=f"live_options[{number}] were taken")
