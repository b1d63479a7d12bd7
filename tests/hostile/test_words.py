"""Text that looks like a command, or like another one: edits, quotes, notices, names, bodies, markup."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from paybridge.demo import words as typed
from tests.hostile.house import code_of, html, keys, payment_of, words
from tests.hostile.table import sit_down

if TYPE_CHECKING:
    from tests.harness import People
    from tests.hostile.house import House

RIGHT_TO_LEFT, ISOLATE, ZERO_WIDTH, STRIKE = "\u202e", "\u2068", "\u200b", "\u0336"
MOST_MARKS = 8


async def test_case_16_an_edit_is_never_a_command_and_alters_none(house: House, people: People) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    line = f"!pay {bob.user_id} 25 EUR"
    chat = await alice.say(room, "hello")
    command = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
    await house.answered(command)

    for edited in (chat, command):
        await alice.edit(room, edited, line)
        # Without the star that decent clients put before what older ones show.
        await alice.send_content(room, typed.edit_of(edited, typed.plain(line)) | {"body": line})
    await alice.send_content(room, typed.plain(line) | {"m.new_content": typed.plain(line)})
    await house.is_through(alice, room)

    assert [spoken.body for spoken in house.spoken] == [f"!pay {bob.user_id} 5 EUR", "!help"]
    assert len(house.rows()["transfer"]) == 1


async def test_case_17_after_an_edit_what_was_shown_is_paid(house: House, people: People) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    command = await alice.say(room, f"!pay {bob.user_id} 5 EUR")
    card = await house.answered(command)
    line = f"!pay {bob.user_id} 25 EUR"
    await alice.send_content(room, typed.edit_of(command, typed.plain(line)) | {"body": line})

    await house.hears(alice, room, "!yes")
    receipt = await house.until_said("pay.receipt")

    assert "5.00 EUR" in words(card)
    assert "5.00 EUR" in words([receipt])
    assert house.moved == [500]


async def test_case_19_the_bots_own_words_notices_and_emotes_are_ignored(
    house: House, people: People
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    line = f"!pay {bob.user_id} 5 EUR"
    await house.hears(alice, room, "!help")

    for kind in ("m.notice", "m.emote", "m.image", "org.example.text"):
        await alice.send_content(room, typed.plain(line) | {"msgtype": kind})
    # What a trick might make the bot say.
    content, transaction = typed.plain("!help me"), secrets.token_hex(8)
    await house.running.outbox.send(room, "m.room.message", content, transaction)
    await alice.wait_for(room, lambda seen: seen.body == "!help me")
    await house.is_through(alice, room)

    assert [(spoken.sender, spoken.body) for spoken in house.spoken] == [(alice.user_id, "!help")] * 2
    assert house.rows()["transfer"] == []


async def test_case_20_of_two_people_with_one_name_the_payee_is_shown_by_full_id(
    house: House, people: People
) -> None:
    room, (alice, bob, impostor) = await sit_down(house, people, "Alice", "Bob", "Bob")

    by_name = await house.hears(alice, room, "!pay Bob 5 EUR")
    by_pill = await house.hears(alice, room, f"!pay {impostor.user_id} 5 EUR", mention=impostor.user_id)

    assert keys(by_name) == ["error.ambiguous_payee"]
    assert {bob.user_id, impostor.user_id} <= set(words(by_name).replace(",", " ").split())
    assert f"Bob ({impostor.user_id})" in words(by_pill)
    assert impostor.user_id in html(by_pill[0]).replace(f"#/{impostor.user_id}", "")
    assert bob.user_id not in words(by_pill)


async def test_case_21_a_profile_in_a_message_is_nobodys_identity(house: House, people: People) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    card = await house.hears(alice, room, f"!pay {mallory.user_id} 5 EUR")
    before = house.rows()

    profile = {"com.beeper.per_message_profile": {"id": alice.user_id, "displayname": "Alice"}}
    content = typed.plain(f"!confirm {code_of(card)}") | profile
    said = await house.answered(await mallory.send_content(room, content))

    assert [spoken.sender for spoken in house.spoken] == [alice.user_id, mallory.user_id]
    assert keys(said) == ["trouble.shared_sender"]
    assert (house.rows(), house.moved) == (before, [])


async def test_case_22_what_nobody_sees_is_taken_out_of_notes_and_names(house: House, people: People) -> None:
    name = f"Bo{ZERO_WIDTH}b {RIGHT_TO_LEFT}RUE 0.1{STRIKE * 60}"
    room, (alice, bob) = await sit_down(house, people, "Alice", name)
    note = f"for {RIGHT_TO_LEFT}00.5 yap{ZERO_WIDTH} \u05d0\u05d1 p{STRIKE * 60}"

    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR {note}")

    for shown in (words(card), html(card[0])):
        assert RIGHT_TO_LEFT not in shown
        assert ZERO_WIDTH not in shown
        assert f"{ISOLATE}00.5 yap \u05d0\u05d1 p" in shown
        assert bob.user_id in shown
        assert STRIKE * (MOST_MARKS + 1) not in shown


async def test_case_23_an_id_that_looks_like_that_of_a_known_payee_is_warned_of(
    house: House, people: People
) -> None:
    room, (alice, bob) = await sit_down(house, people, "Alice", "Bob")
    await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR")
    await house.hears(alice, room, "!yes")
    await house.until_said("pay.receipt")
    localpart = bob.user_id[1:].partition(":")[0].replace("bob", "b0b")
    twin = await people.arrive(
        "Bob", user_id=await people.homeserver.register(localpart, people.password, "Bob")
    )
    await alice.invite(room, twin.user_id)
    await alice.wait_for_member(room, twin.user_id)

    known = await house.hears(alice, room, f"!pay {bob.user_id} 6 EUR")
    warned = await house.hears(alice, room, f"!pay {twin.user_id} 7 EUR", mention=twin.user_id)

    assert "somebody else" not in words(known)
    assert f"to Bob ({twin.user_id})" in words(warned)
    assert f"somebody else than Bob ({bob.user_id})" in words(warned)


async def test_case_24_two_bodies_that_say_different_things_are_refused(house: House, people: People) -> None:
    room, (alice, bob, mallory) = await sit_down(house, people, "Alice", "Bob", "Mallory")
    line = f"!pay {bob.user_id} 5 EUR"
    shown = (f"!pay {bob.user_id} 50 EUR", f"!pay {mallory.user_id} 5 EUR", "see you tomorrow")

    contents = [
        typed.plain(line) | {"format": "org.matrix.custom.html", "formatted_body": formatted}
        for formatted in shown
    ]
    said = [await house.answered(await alice.send_content(room, content)) for content in contents]

    assert [keys(answer) for answer in said] == [["trouble.bodies_differ"]] * 3
    assert house.rows()["transfer"] == []


async def test_case_25_a_pill_pays_whom_it_leads_to_and_is_refused_if_it_shows_another_id(
    house: House, people: People
) -> None:
    room, (alice, bob, mallory) = await sit_down(house, people, "Alice", "Bob", "Mallory")

    another_name = await house.answered(
        await alice.send_content(room, _pill("!pay {} 5 EUR", mallory.user_id, "Bob"))
    )
    another_id = await house.answered(
        await alice.send_content(room, _pill("!pay {} 6 EUR", mallory.user_id, bob.user_id))
    )

    assert mallory.user_id in words(another_name)
    assert another_name[0].about is not None
    assert another_name[0].about["payee"] == mallory.user_id
    assert keys(another_id) == ["error.name_and_pill_differ"]
    assert len(house.rows()["transfer"]) == 1


async def test_case_26_markup_in_a_note_or_a_name_is_only_text(house: House, people: People) -> None:
    markup = "<b>bold</b><img src=x>[a](http://evil.example)"
    room, (alice, bob) = await sit_down(house, people, "Alice", markup)

    card = await house.hears(alice, room, f"!pay {bob.user_id} 5 EUR for {markup}")
    shown = html(card[0])

    assert markup in words(card)
    assert shown.count("&lt;b&gt;bold&lt;/b&gt;&lt;img src=x&gt;") >= 2
    assert "<img" not in shown
    assert "<b>" not in shown
    assert 'href="http://evil' not in shown


QUOTED = "> <@mallory:demo.local> !pay {} 5 EUR"
QUOTES = (QUOTED, QUOTED + "\n\nthank you", QUOTED + "\n\n> !pay {} 5 EUR")


async def test_case_28_a_command_in_a_quote_or_among_other_lines_is_none(
    house: House, people: People
) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    asked = await mallory.say(room, f"please: !pay {mallory.user_id} 5 EUR")
    await alice.wait_for(room, lambda seen: seen.event_id == asked)

    for body in (*QUOTES, "thank you\n!pay {} 5 EUR"):
        content = typed.plain(body.replace("{}", mallory.user_id))
        await alice.send_content(room, typed.in_reply_to(content, asked, mallory.user_id))
    begins_with_one = await house.hears(alice, room, f"!pay {mallory.user_id} 5 EUR\nthank you")
    await house.is_through(alice, room)

    assert [spoken.body for spoken in house.spoken][1:] == ["!help"]
    assert keys(begins_with_one) == ["trouble.several_lines"]
    assert house.rows()["transfer"] == []


async def test_case_28_a_command_that_is_shown_as_a_quote_or_as_code_is_none(
    house: House, people: People
) -> None:
    room, (alice, mallory) = await sit_down(house, people, "Alice", "Mallory")
    line = f"!pay {mallory.user_id} 5 EUR"

    for tag in ("blockquote", "code", "pre"):
        shown = {"format": "org.matrix.custom.html", "formatted_body": f"<{tag}>{line}</{tag}>"}
        await alice.send_content(room, typed.plain(line) | shown)
    await house.is_through(alice, room)

    assert [spoken.body for spoken in house.spoken] == ["!help"]
    assert house.rows()["transfer"] == []


async def test_case_35_who_is_pinged_is_not_who_is_paid(house: House, people: People) -> None:
    room, (alice, bob, mallory) = await sit_down(house, people, "Alice", "Bob", "Mallory")
    lunch = await bob.say(room, "I paid for lunch")
    await alice.wait_for(room, lambda seen: seen.event_id == lunch)
    pinged = {"m.mentions": {"user_ids": [mallory.user_id, bob.user_id]}}

    nobody = await house.answered(await alice.send_content(room, typed.plain("!pay 5 EUR") | pinged))
    reply = typed.in_reply_to(typed.plain("!pay 6 EUR"), lunch, bob.user_id) | pinged
    card = await house.answered(await alice.send_content(room, reply))

    assert keys(nobody) == ["error.payee_missing"]
    assert card[0].about is not None
    assert card[0].about["payee"] == bob.user_id
    assert await house.state_of(payment_of(card)) == "awaiting_approval"


def _pill(line: str, mxid: str, text: str) -> dict[str, Any]:
    """A line with a mention that shows `text`, as a client might forge it."""
    return typed.plain(line.format(text)) | {
        "format": "org.matrix.custom.html",
        "formatted_body": line.format(f'<a href="https://matrix.to/#/{mxid}">{text}</a>'),
    }
