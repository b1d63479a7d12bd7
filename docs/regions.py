"""Draws docs/regions.md from the profiles of regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from paybridge.config.regions import REGIONS, profile_of, region_of
from paybridge.config.rules import Rules
from paybridge.domain.money import Money
from paybridge.domain.region import Caps, Level, Region

NAMES: Final = {
    "eu": "European Union",
    "in": "India",
    "br": "Brazil",
    "us": "United States",
    "cn": "China",
}
PAGE: Final = """# Regions

Drawn by `make docs` from `paybridge/regions`; a test compares them. `region` in the config chooses one of
them, and `rules` changes any value of it. They are profiles for the sandbox: they lean on what holds there,
the files say on what, and are neither law nor advice.

- **When it is asked.** When a card is drafted, and again when it is confirmed. The step that approves is
  written only if nothing else of this payer was approved since their past was summed up; else it is decided
  again. So two payments at once cannot both slip under a cap.
- **What counts.** Amounts without fees, by the time of approval, of the kinds in `covers`, all against the
  same caps. What was refused or cancelled does not count. Each currency counts for itself; the number of
  payments a day counts all of them. A currency without limits cannot be sent.
- **Days.** Day, month and night are those of the payer's own clock, also where clocks are changed: such a
  day has 23 or 25 hours. Who has chosen no zone has the region's.
- **How well somebody is known.** `unchecked` is everybody at first, `named` whose name a rail has
  confirmed, `checked` whose document was checked.
- **Better known.** `!limits raise` asks the rails of one's accounts whether the holder has exactly the name
  that was given at `!link`, and then for a document; in this sandbox a made-up one.
- **Fees of the house.** `rules.fees` takes one for payments: a flat part and a share in basis points
  (hundredths of a percent), rounded half up to the minor unit and never half to even, then no less than
  `least` and no more than `most`. No region has one by itself. The card shows it, together with the rail's,
  as fee and total, and its code covers it. It is booked to the account `fee` of `house` by the journal that
  books the payment. A payee who is paid straight into an account is paid into their balance instead, for
  what goes past the books leaves nothing to the house. Unclaimed money that goes back, a refund and a
  chargeback leave the fee where it is: the payer bears it.
- **A refusal** says the cap, what is left and when it frees up, in the direct message.

```yaml
region: br
rules:
  limits:
    unchecked:
      BRL: {{each: "300", night: "200"}} # what is left out stays as the region has it
      USD: {{each: "50", day: "50"}} # a currency more; the levels above have the same
    checked:
      BRL: {{count: unlimited}} # no such cap
  fees:
    BRL: {{flat: "0.10", basis_points: 50, most: "5"}}
```

{regions}
"""


def regions_page() -> str:
    """The page with what each region says."""
    return PAGE.format(regions="\n\n".join("\n".join(_section(name)) for name in REGIONS))


def _section(name: str) -> Iterator[str]:
    region = region_of(name, Rules())
    yield f"## `{name}`: {NAMES[name]}"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    yield f"| currency of amounts that name none | {profile_of(name).currency} |"
    yield f"| time zone | {region.zone} |"
    yield f"| counted | {', '.join(f'`{kind}`' for kind in sorted(region.covers))} |"
    yield f"| night | {region.night.begins:%H:%M} to {region.night.ends:%H:%M} |"
    yield f"| asking people for money | {'yes' if region.requests else 'no'} |"
    yield f"| terms | {region.terms} |"
    yield f"| books are kept for | {region.retention_years} years |"
    yield ""
    yield "| | | a payment | a day | a month | a night | payments a day |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for currency in region.currencies:
        yield from _ladder(region, currency)


def _ladder(region: Region, currency: str) -> Iterable[str]:
    for level in Level:
        caps = region.caps(next(iter(region.covers)), level, currency)
        yield f"| {currency} | {level} | {' | '.join(_cells(caps))} |"


def _cells(caps: Caps) -> Iterator[str]:
    for cap in (caps.each, caps.day, caps.month, caps.night, caps.count):
        yield "any" if cap is None else f"{cap.decimal():,f}" if isinstance(cap, Money) else str(cap)
