"""What people type to the whole program, and what they read: paying, claiming, asking, getting it wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.demo import words
from tests.flows.dinner import HELP, about, dinner, new_iban, payment_of, sit_down

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from tests.flows.dinner import Guest
    from tests.harness import People

ALICE_AND_BOB = ("Alice", "Bob")
UNCLAIMED = "claimable"
DASH = "\N{EN DASH}"
"""What some phones make of a hyphen."""


@pytest.fixture
async def alice_and_bob(stage: Stage, people: People) -> list[Guest]:
    """Both have linked an account."""
    return await dinner(stage, people, *ALICE_AND_BOB, linked=ALICE_AND_BOB)


@pytest.fixture
async def alice_and_newcomer(stage: Stage, people: People) -> list[Guest]:
    """Bob has never spoken to the bot."""
    return await dinner(stage, people, *ALICE_AND_BOB)


async def opened_at_the_bank(stage: Stage, iban: str) -> bool:
    try:
        await stage.statement(iban)
    except aiohttp.ClientResponseError:
        return False
    return True


async def test_an_account_is_linked_in_a_direct_message_and_shown_masked(
    stage: Stage, people: People
) -> None:
    (alice,) = await dinner(stage, people, "Alice", linked=())
    await alice.opens_chat()
    iban = new_iban()
    masked = f"{iban[:4]} •••• {iban[-4:]}"

    helped = await alice.asks("!help", HELP, alice.chat)
    begun = await alice.asks(f"!link bank {iban.lower()}", "almost linked", alice.chat)
    code = await stage.code_in_statement(iban)
    refused = await alice.asks(f"!link verify {(int(code) + 1) % 10_000:04}", "not the code", alice.chat)
    linked = await alice.asks(f"!link verify {code}", "is linked", alice.chat)
    listed = await alice.asks("!link list", "(default)", alice.chat)

    assert "!pay @someone" in helped.body
    assert masked in begun.body
    assert "2 tries left" in refused.body
    assert masked in linked.body
    assert f"1. {masked} EUR (default)" in listed.body
    assert all(seen.encrypted for seen in (helped, begun, refused, linked, listed))
    assert not any(iban[8:-4] in seen.body for seen in (begun, refused, linked, listed))


async def test_the_card_says_all_that_is_approved_to_people_and_to_programs(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    told = dict(about(card))
    payment, code, expires = told["id"], told["code"], told["expires_ts"]
    typed_at = next(event for event in alice.person.raw(alice.room) if event["event_id"] == card.event_id)

    for shown in (
        *("12.50 EUR", f"Bob ({bob.id})", "for “pizza”", "Fee 0.00 EUR", "total 12.50 EUR"),
        *(f"••{alice.iban[-2:]}", "within 5 minutes", "UTC", payment, "!yes"),
        *(f"!confirm {code}", f"!cancel {payment}"),
    ):
        assert shown in card.body
    assert alice.iban[-4:] not in card.body
    assert told == {
        "v": 1,
        "id": payment,
        "kind": "pay",
        "state": "awaiting_approval",
        "amount": {"value": "12.50", "currency": "EUR"},
        "fee": {"value": "0.00", "currency": "EUR"},
        "payer": alice.id,
        "payee": bob.id,
        "code": code,
        "expires_ts": expires,
    }
    assert payment.startswith("PB-")
    assert 4 * 60_000 < expires - typed_at["origin_server_ts"] < 6 * 60_000
    assert (card.encrypted, card.content["m.mentions"]) == (True, {})


async def test_a_confirmed_payment_debits_the_bank_once_and_its_card_becomes_the_receipt(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    card = await alice.drafts(f"!pay {bob.id} 12,50 EUR for pizza")
    payment, code = payment_of(card), str(about(card)["code"])
    await alice.types(f"!CONFIRM {code.lower()}")
    seen = await bob.sees(payment, "settled")
    receipt = await alice.sees(payment, "settled")

    assert receipt.event_id == seen.event_id == card.event_id
    assert len(alice.messages_about(payment)) == 1
    assert bob.edits_of(receipt)[-1]["m.mentions"] == {"user_ids": [bob.id]}
    assert receipt.body.startswith(f"✓ Alice ({alice.id}) paid Bob ({bob.id}) 12.50 EUR for “pizza”")
    assert "!cashout 12.50 EUR" in receipt.body
    assert "code" not in about(receipt)
    assert receipt.encrypted
    assert await alice.moved(payment) == [-1250]
    assert "12.50 EUR" in (await bob.asks("!balance", "balance", bob.chat)).body


async def test_a_reply_says_who_is_paid(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    drinks = await bob.types("I got the drinks, that was 5 each")
    await alice.person.wait_for(alice.room, lambda seen: seen.event_id == drinks)
    card = await alice.drafts("!pay 5 EUR for drinks", reply_to=drinks)
    await alice.types("!yes")
    await alice.sees(payment_of(card), "settled")

    assert about(card)["payee"] == bob.id
    assert await alice.moved(payment_of(card)) == [-500]


async def test_a_name_or_a_plain_full_id_says_who_is_paid(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    by_name = await alice.drafts("!pay Bob 5 EUR")
    await alice.types("!cancel")
    await alice.sees(payment_of(by_name), "cancelled")
    await alice.person.say(alice.room, f"!pay 6 EUR {bob.id}")
    by_id = await alice.person.wait_for(alice.room, lambda seen: "6.00 EUR" in seen.body)

    assert about(by_name)["payee"] == about(by_id)["payee"] == bob.id


async def test_yes_is_for_one_open_card_and_a_code_for_exactly_its_own(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    first = await alice.drafts(f"!pay {bob.id} 1 EUR")
    second = await alice.drafts(f"!pay {bob.id} 2 EUR")
    refused = await alice.asks("!yes", "Nothing was sent.")
    await alice.confirms(second)
    await alice.sees(payment_of(second), "settled")
    await alice.types("!yes")
    await alice.sees(payment_of(first), "settled")

    assert "2 of your cards are open" in refused.body
    assert await alice.moved(payment_of(first)) == [-100]
    assert await alice.moved(payment_of(second)) == [-200]


async def test_somebody_new_is_told_by_direct_message_links_and_claims(
    alice_and_newcomer: list[Guest],
) -> None:
    alice, bob = alice_and_newcomer
    waiting = await alice.pays(f"!pay {bob.id} 12,50 EUR for pizza", ends=UNCLAIMED)
    payment = payment_of(waiting)
    told = await bob.person.wait_for(None, lambda seen: "!link bank" in seen.body)
    bob.chat = told.room_id
    unlinked = await bob.asks("!claim", "link the bank account", bob.chat)
    await bob.links()
    claimed = await bob.asks("!claim", "now in your PayBridge balance", bob.chat)
    news = await alice.sees(payment, "claimed")
    again = await bob.asks("!claim", "No money is waiting", bob.chat)

    assert bob.edits_of(waiting)[-2]["m.mentions"] == {"user_ids": [bob.id]}
    assert (told.encrypted, told.room_id != bob.room) == (True, True)
    assert f"!return {payment}" in told.body
    assert "!link bank" in unlinked.body
    assert "12.50 EUR" in claimed.body
    assert "!cashout all" in claimed.body
    assert (news.event_id, news.body[:1]) == (waiting.event_id, "✓")
    assert "code" not in about(again)
    assert await alice.moved(payment) == [-1250]


async def test_money_that_is_not_wanted_goes_back_to_the_payer(alice_and_newcomer: list[Guest]) -> None:
    alice, bob = alice_and_newcomer
    waiting = await alice.pays(f"!pay {bob.id} 7 EUR", ends=UNCLAIMED)
    payment = payment_of(waiting)
    told = await bob.person.wait_for(None, lambda seen: f"!return {payment}" in seen.body)
    await bob.asks(f"!return {payment}", "goes back", told.room_id)
    returned = await alice.sees(payment, "returned")
    back = await alice.hears("is back in your PayBridge balance", alice.chat)
    balance = await alice.asks("!balance", "Your PayBridge balance", alice.chat)

    assert returned.event_id == waiting.event_id
    assert f"sent 7.00 EUR back to Alice ({alice.id})" in returned.body
    assert "7.00 EUR" in back.body
    assert "7.00 EUR" in balance.body
    assert await alice.moved(payment) == [-700]


async def test_money_that_nobody_has_claimed_can_be_taken_back(alice_and_newcomer: list[Guest]) -> None:
    alice, bob = alice_and_newcomer
    waiting = await alice.pays(f"!pay {bob.id} 7 EUR", ends=UNCLAIMED)
    payment = payment_of(waiting)
    await alice.types("!undo")
    returned = await alice.sees(payment, "returned")
    told = await bob.person.wait_for(None, lambda seen: f"!return {payment}" in seen.body)
    refused = await bob.asks(f"!return {payment}", payment, told.room_id)

    assert "took back 7.00 EUR" in returned.body
    assert "goes back" not in refused.body


async def test_a_request_is_accepted_by_a_card_of_its_own(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    typed = await bob.types(f"!request {alice.id} 8 EUR for taxi")
    asked = await alice.hears("asks", after=typed)
    request = payment_of(asked)
    card = await alice.drafts(f"!accept {request.lower()}")
    await alice.types("!yes")
    await bob.sees(payment_of(card), "settled")
    paid = await bob.sees(request, "paid")
    status = await bob.asks(f"!status {request}", "has paid")

    assert (about(asked)["kind"], about(asked)["state"]) == ("request", "open")
    assert alice.id in asked.content["m.mentions"]["user_ids"]
    assert f"!accept {request}" in asked.body
    assert (about(card)["payee"], about(card)["amount"]["value"]) == (bob.id, "8.00")
    assert "taxi" in card.body
    assert paid.event_id == asked.event_id
    assert "8.00 EUR" in status.body
    assert await alice.moved(payment_of(card)) == [-800]


async def test_a_request_is_declined_with_a_reason_and_cannot_be_paid_any_more(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    typed = await bob.types(f"!request {alice.id} 80 EUR for taxi")
    request = payment_of(await alice.hears("asks", after=typed))
    stranger = await bob.asks(f"!decline {request}", request)
    await alice.types(f"!decline {request} we shared one")
    declined = await bob.sees(request, "declined")
    refused = await alice.asks(f"!accept {request}", "Nothing was sent.")

    assert "I know of no" in stranger.body
    assert "“we shared one”" in declined.body
    assert request in refused.body


async def test_a_cancelled_card_sends_nothing_and_its_code_is_void(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    card = await alice.drafts(f"!pay {bob.id} 3 EUR for nothing")
    payment = payment_of(card)
    await alice.types(f"!cancel {payment}")
    cancelled = await alice.sees(payment, "cancelled")
    refused = await alice.asks(f"!confirm {about(card)['code']}", "Nothing was sent.")
    nothing = await alice.asks("!cancel", "Nothing of yours is open")

    assert cancelled.event_id == card.event_id
    assert "Nothing was sent." in cancelled.body
    assert "code" not in about(cancelled)
    assert "No card of yours" in refused.body
    assert "code" not in about(nothing)
    assert await alice.moved(payment) == []


async def test_status_is_told_to_payer_and_payee_and_to_nobody_else(stage: Stage, people: People) -> None:
    alice, bob, carol = await dinner(stage, people, "Alice", "Bob", "Carol", linked=ALICE_AND_BOB)
    card = await alice.drafts(f"!pay {bob.id} 4 EUR")
    payment = payment_of(card)
    before = await alice.asks(f"!status {payment}", payment)
    await alice.confirms(card)
    await bob.sees(payment, "settled")
    after = await bob.asks(f"!status {payment.replace('-', DASH).lower()}", payment)
    stranger = await carol.asks(f"!status {payment}", payment)

    assert "waits to be confirmed" in before.body
    assert "was paid on" in after.body
    assert "I know of no" in stranger.body


async def test_balance_and_history_are_told_by_direct_message_wherever_they_are_typed(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    receipt = await alice.pays(f"!pay {bob.id} 4 EUR for tea")
    here = await bob.asks("!balance", "I have written to you")
    balance = await bob.hears("Your PayBridge balance", bob.chat)
    there = await bob.asks("!history", "I have written to you")
    history = await bob.hears("latest", bob.chat)

    assert "4.00 EUR" in balance.body
    assert "EUR" not in here.body + there.body
    assert payment_of(receipt) in history.body
    assert f"from {alice.id}" in history.body


async def test_a_newcomer_who_asks_in_a_room_gets_an_encrypted_direct_message(
    alice_and_newcomer: list[Guest],
) -> None:
    _, bob = alice_and_newcomer
    await bob.asks("!balance", "I have written to you")
    told = await bob.person.wait_for(None, lambda seen: "Your PayBridge balance" in seen.body)
    again = await bob.asks("!history", "no payments yet", told.room_id)

    assert (told.room_id != bob.room, told.encrypted, again.encrypted) == (True, True, True)


async def test_money_is_topped_up_spent_and_cashed_out_to_the_account(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    topup = await alice.drafts("!topup 20 EUR", alice.chat)
    await alice.types("!yes", alice.chat)
    await alice.sees(payment_of(topup), "settled", alice.chat)
    card = await alice.drafts(f"!pay {bob.id} 5 EUR")
    await alice.confirms(card)
    await alice.sees(payment_of(card), "settled")
    cashout = await alice.drafts("!cashout all", alice.chat)
    await alice.confirms(cashout)
    arrived = await alice.sees(payment_of(cashout), "settled", alice.chat)

    assert f"{alice.iban[:4]} •••• {alice.iban[-4:]}" in topup.body
    assert about(topup)["kind"] == "topup"
    assert "your PayBridge balance" in card.body
    assert about(cashout)["amount"]["value"] == "15.00"
    assert "15.00 EUR is in your bank account" in arrived.body
    assert await alice.moved(payment_of(topup)) == [-2000]
    assert await alice.moved(payment_of(card)) == []
    assert await alice.moved(payment_of(cashout)) == [1500]
    assert "0.00 EUR" in (await alice.asks("!balance", "balance", alice.chat)).body


async def test_the_card_of_a_topup_that_is_typed_in_a_room_comes_by_direct_message(
    alice_and_bob: list[Guest],
) -> None:
    alice, _ = alice_and_bob
    await alice.asks("!topup 20 EUR", "I have written to you")
    card = await alice.hears("Top up your PayBridge balance", alice.chat)
    await alice.types("!cancel", alice.chat)
    cancelled = await alice.sees(payment_of(card), "cancelled", alice.chat)

    assert cancelled.event_id == card.event_id
    assert alice.messages_about(payment_of(card), alice.room) == []


async def test_each_refusal_says_that_nothing_was_sent_why_and_what_to_type(
    stage: Stage, people: People
) -> None:
    alice, bob, carol = await dinner(stage, people, "Alice", "Bob", "Carol")
    zoe = await people.account("Zoe")
    to_bob = f"!pay {bob.id}"
    cases = {
        f"{to_bob} 1.234 EUR": ("can mean 1,234.00 EUR or 1.23", f"!pay {bob.id} 1234.00 EUR"),
        f"{to_bob} 0 EUR": ("comes to zero", f"{to_bob} 12.50 EUR"),
        f"{to_bob} -5 EUR": ("less than zero", f"{to_bob} 12.50 EUR"),
        f"{to_bob} 0.505 EUR": ("too many decimals", f"{to_bob} 12.50 EUR"),
        f"{to_bob} all": ("is a word", f"{to_bob} 12.50 EUR"),
        f"{to_bob}": ("no amount", f"{to_bob} 12.50 EUR"),
        f"{to_bob} 100 kr": ("several currencies", f"{to_bob} 100 SEK\n"),
        f"{to_bob} 5 JPY": ("JPY cannot be sent here", f"{to_bob} 12.50 EUR"),
        "!pay 5 EUR": ("see who it is for", "!pay @"),
        "!pay Zoe 5 EUR": ("Nobody in this room is called “Zoe”", "!pay @"),
        f"!pay {alice.id} 5 EUR": ("paying yourself", "!pay @"),
        f"!pay {stage.bot_id} 5 EUR": ("only the messenger", "!pay @"),
        f"!pay {zoe} 5 EUR": ("is not in this room", "!pay @"),
        f"{to_bob} 40 EUR": ("at most 30.00 EUR", f"{to_bob} 30.00 EUR"),
        "!confirm 2222": ("No card of yours", "!help pay"),
        "!accept": ("Nobody is asking you", "!help request"),
    }
    wrong = []
    for line, (reason, to_copy) in cases.items():
        told = await alice.asks(line, "Nothing was sent.")
        if reason not in told.body or to_copy not in told.body:
            wrong.append((line, told.body))

    penniless = await carol.asks(f"!pay {bob.id} 5 EUR", "Nothing was sent.")
    directly = await carol.person.wait_for(None, lambda seen: "!link bank DE" in seen.body)

    assert wrong == []
    assert "EUR" not in penniless.body
    assert directly.room_id != carol.room
    assert not any(about(seen) for seen in alice.person.timeline(alice.room))


async def test_a_payee_who_has_left_since_the_card_is_not_paid(stage: Stage, people: People) -> None:
    phones = await people.arrive("Alice"), await people.arrive("Bob")
    alice, bob = await sit_down(stage, *phones)
    await alice.links()
    card = await alice.drafts(f"!pay {bob.id} 5 EUR")
    unknown = await alice.asks("!confirm 2222", "Nothing was sent.")
    await phones[1].client.room_leave(alice.room)
    refused = await alice.asks(f"!confirm {about(card)['code']}", "Nothing was sent.")

    assert "does not fit any of your open cards" in unknown.body
    assert f"{bob.id} is not in this room" in refused.body
    assert await alice.moved(payment_of(card)) == []


async def test_a_bank_that_refuses_leaves_nothing_behind_and_the_reason_is_private(
    stage: Stage, people: People
) -> None:
    alice, bob = await dinner(stage, people, *ALICE_AND_BOB, script="9001")
    refused = await alice.pays(f"!pay {bob.id} 5 EUR", ends="refused")
    why = await alice.hears("does not hold 5.00 EUR", alice.chat)

    assert "did not go through" in refused.body
    assert "hold" not in refused.body
    assert payment_of(refused) in why.body
    assert await alice.moved(payment_of(refused)) == []


async def test_who_chooses_chinese_is_answered_in_chinese(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    await alice.asks("!lang zh", "中文", alice.chat)
    card = await alice.drafts(f"!付 {bob.id} 5 EUR 披萨")
    await alice.types("!好")
    receipt = await alice.sees(payment_of(card), "settled")
    english = await bob.asks("!balance", "Your PayBridge balance", bob.chat)

    assert "总计" in card.body or "合计" in card.body
    assert "披萨" in receipt.body
    assert "paid" not in receipt.body
    assert "5.00 EUR" in english.body


async def test_an_account_number_typed_in_a_shared_room_links_nothing(stage: Stage, people: People) -> None:
    alice, _ = await dinner(stage, people, *ALICE_AND_BOB, linked=())
    await alice.opens_chat()
    iban = new_iban()
    refused = await alice.asks(f"!link bank {iban}", "direct message")
    listed = await alice.asks("!link list", "no account yet", alice.chat)

    assert "delete your message" in refused.body
    assert iban not in refused.body
    assert "!link bank" in listed.body
    assert not await opened_at_the_bank(stage, iban)


async def test_an_unknown_verb_is_answered_with_the_one_that_was_meant_and_never_run(
    alice_and_newcomer: list[Guest],
) -> None:
    alice, bob = alice_and_newcomer
    near = await alice.asks(f"!pays {bob.id} 5 EUR", "Did you mean")
    far = await alice.types("!weather in Rome")
    in_room = await alice.answers_to(far)
    directly = await alice.asks("!weather in Rome", "know “!weather”", alice.chat)

    assert near.body.endswith(f"!pay {bob.id} 5 EUR")
    assert in_room == []
    assert "!help" in directly.body
    assert not about(near)


async def test_only_what_a_person_says_anew_is_a_command(alice_and_newcomer: list[Guest]) -> None:
    alice, bob = alice_and_newcomer
    pay = f"!pay {bob.id} 5 EUR"
    said = await alice.types("I pay you later")
    await alice.person.edit(alice.room, said, pay)
    content = words.plain(pay)
    for kind in ("m.notice", "m.emote"):
        await alice.person.send_content(alice.room, content | {"msgtype": kind})
    for body in (f"> {pay}", f"`{pay}`", f"please {pay}"):
        await alice.person.send_content(alice.room, content | {"body": body})

    assert await alice.answers_to(said) == []


async def test_an_edit_after_the_card_changes_nothing_of_what_was_shown(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    typed = await alice.types(f"!pay {bob.id} 5 EUR")
    card = await alice.hears("5.00 EUR", after=typed)
    await alice.person.edit(alice.room, typed, f"!pay {bob.id} 25 EUR")
    await alice.confirms(card)
    receipt = await alice.sees(payment_of(card), "settled")

    assert about(receipt)["amount"]["value"] == "5.00"
    assert await alice.moved(payment_of(card)) == [-500]


async def test_nobody_confirms_or_cancels_the_card_of_another(alice_and_bob: list[Guest]) -> None:
    alice, bob = alice_and_bob
    card = await alice.drafts(f"!pay {bob.id} 5 EUR")
    payment = payment_of(card)
    confirmed = await bob.asks(f"!confirm {about(card)['code']}", "Nothing was sent.")
    agreed = await bob.asks("!yes", "Nothing was sent.")
    cancelled = await bob.asks(f"!cancel {payment}", payment)
    still = await alice.asks(f"!status {payment}", payment)

    assert "No card of yours" in confirmed.body
    assert "No card of yours" in agreed.body
    assert "I know of no" in cancelled.body
    assert "waits to be confirmed" in still.body
    assert await alice.moved(payment) == []


async def test_in_a_room_without_encryption_no_money_moves(stage: Stage, people: People) -> None:
    phones = await asyncio.gather(*(people.arrive(name) for name in ALICE_AND_BOB))
    alice, bob = await sit_down(stage, *phones, encrypted=False)
    await alice.links()
    refused = await alice.asks(f"!pay {bob.id} 5 EUR", "Nothing was sent.")
    balance = await alice.asks("!balance", "I have written to you")
    told = await alice.hears("Your PayBridge balance", alice.chat)

    assert "not encrypted" in refused.body
    assert (refused.encrypted, balance.encrypted, told.encrypted) == (False, False, True)
    assert not about(refused)


async def test_a_room_without_encryption_is_no_direct_message_even_if_nobody_else_is_in_it(
    stage: Stage, people: People
) -> None:
    (alice,) = await sit_down(stage, await people.arrive("Alice"), encrypted=False)
    iban = new_iban()
    refused = await alice.asks(f"!link bank {iban}", "direct message")
    balance = await alice.asks("!balance", "I have written to you")
    told = await alice.person.wait_for(None, lambda seen: "Your PayBridge balance" in seen.body)

    assert not await opened_at_the_bank(stage, iban)
    assert "EUR" not in refused.body + balance.body
    assert (told.room_id != alice.room, told.encrypted) == (True, True)


async def test_a_command_that_comes_unencrypted_into_an_encrypted_room_is_not_run_and_says_how_to_repeat_it(
    alice_and_bob: list[Guest],
) -> None:
    alice, bob = alice_and_bob
    typed = await alice.person.say_plain(alice.room, f"!pay {bob.id} 5 EUR", mention=bob.id)
    (told,) = await alice.answers_to(typed)
    card = await alice.drafts(f"!pay {bob.id} 5 EUR")
    confirmed = await alice.person.say_plain(alice.room, "!yes")
    (again,) = await alice.answers_to(confirmed)

    assert "unencrypted" in told.body
    assert "send it again" in told.body
    assert told.encrypted
    assert not about(told)
    assert again.body == told.body
    assert (await alice.sees(payment_of(card), "awaiting_approval")).edited == 0
    assert await alice.moved(payment_of(card)) == []
