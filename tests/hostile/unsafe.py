"""Each protection of the product taken away, so that the tests can show that they would notice.

The product knows nothing of this: nobody but these tests reads the environment variables
`PAYBRIDGE_UNSAFE_<NAME>=1`, and what they do is done to the product from outside, in the test process only.
"""
# ruff: noqa: SLF001 - the protections stand inside of the product

from __future__ import annotations

import asyncio
import copy
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select

from paybridge.app import wiring
from paybridge.commands import _dispatch, _grammar
from paybridge.config import Config, Role
from paybridge.domain import bridges
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import GestureKind
from paybridge.matrix import (
    crypto,
    devices,
    gestures,
    hearing,
    intake,
    invites,
    outbox,
    pills,
    reading,
    rooms,
    sender,
    understanding,
    wire,
)
from paybridge.matrix.policy import Rules
from paybridge.services import approvals, bridged, execution, ghosts, lanes, news, payments, pinning, ties
from paybridge.services.gestures import Gestures
from paybridge.services.people import Known
from paybridge.services.ports import Step
from paybridge.storage import book, mailbox, tables
from paybridge.storage.sqlite import mail, steps
from paybridge.texts import _format, _template, _texts, saying
from paybridge.web import health

if TYPE_CHECKING:
    import pytest

    from paybridge.services.ports import Due, Rail

PREFIX = "PAYBRIDGE_UNSAFE_"
PROFILE = "com.beeper.per_message_profile"
MENTIONS = "m.mentions"


@dataclass(frozen=True)
class Switch:
    """How to take one protection away, and the tests that must notice."""

    apply: Callable[[pytest.MonkeyPatch], None]
    tests: tuple[str, ...]


SWITCHES: dict[str, Switch] = {}


def noticed_by(*tests: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make the decorated function a switch, called like it in capital letters."""

    def register(apply: Callable[[Any], None]) -> Callable[[Any], None]:
        SWITCHES[apply.__name__.upper()] = Switch(apply, tests)
        return apply

    return register


def always(answer: object) -> Callable[..., Any]:
    return lambda *_, **__: answer


def later(answer: object) -> Callable[..., Any]:
    async def give(*_: object, **__: object) -> object:
        await asyncio.sleep(0)
        return answer

    return give


# ---------------------------------------------------------------- who sent it


@noticed_by(
    "test_case_01_a_message_under_another_name_moves_nothing",
    "test_case_01_a_reply_to_a_message_under_another_name_pays_nobody",
)
def sender_binding(patch: pytest.MonkeyPatch) -> None:
    """The homeserver says who sent it, as nio believes."""

    def any_device(household: devices.Household, _: object) -> str | None:
        return next(iter(household.signed or household.keys), None)

    patch.setattr(sender, "owner_device", any_device)


@noticed_by("test_case_01_a_reply_to_a_message_under_another_name_pays_nobody")
def reply_author(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sender.Senders, "owns", later(answer=True))


@noticed_by("test_case_08_an_envelope_that_names_another_device_is_refused")
def device_id(patch: pytest.MonkeyPatch) -> None:
    found = sender.owner_device
    patch.setattr(sender, "owner_device", lambda all_, seal: found(all_, replace(seal, device=None)))


@noticed_by("test_case_09_a_room_key_that_was_handed_on_authorises_nothing")
def forwarded_keys(patch: pytest.MonkeyPatch) -> None:
    found = sender.owner_device
    patch.setattr(sender, "owner_device", lambda all_, seal: found(all_, replace(seal, forwarded=False)))


@noticed_by("test_case_07_a_device_that_was_added_to_a_person_gets_no_keys_and_approves_nothing")
def chain_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(devices, "_is_signed", always(answer=True))


@noticed_by(
    "test_case_05_a_device_that_is_not_cross_signed_approves_nothing_and_is_told_how_to_mend_it",
    "test_case_07_a_device_that_was_added_to_a_person_gets_no_keys_and_approves_nothing",
)
def required_trust(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals, "may_move_money", always(answer=True))


@noticed_by("test_case_06_a_new_master_key_freezes_payments")
def master_key_pin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pinning.Pins, "meet", later(answer=False))


@noticed_by("test_case_07_a_device_that_was_added_to_a_person_gets_no_keys_and_approves_nothing")
def keys_for_signed_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(devices.Household, "trusted", property(lambda self: frozenset(self.keys)))


@noticed_by(
    "test_case_06_a_new_master_key_reads_only_what_is_said_about_it",
    "test_case_07_an_identity_that_the_server_hides_makes_no_added_device_trusted",
)
def remembered_identity(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pinning.Pins, "fits", later(answer=True))


@noticed_by("test_case_21_a_profile_in_a_message_is_nobodys_identity")
def profiles_ignored(patch: pytest.MonkeyPatch) -> None:
    _keep_more(patch, PROFILE)
    spoken = understanding.Understanding._spoken

    async def as_profile(self: Any, letter: Any, told: Any, *rest: Any) -> Any:  # noqa: ANN401 - passed on
        profile = told.content.get(PROFILE)
        return await spoken(self, replace(letter, sender=profile["id"]) if profile else letter, told, *rest)

    patch.setattr(understanding.Understanding, "_spoken", as_profile)


# ---------------------------------------------------------------- people behind bridges

NOT_BOTS = "test_bridge_rule_02_bots_channels_and_relays_are_not_heard_and_not_answered"
NOT_SHARED = "test_bridge_rule_02_a_profile_or_a_webhook_authorises_nothing_and_a_guilds_name_does"
TIER = "test_bridge_rule_05_an_account_behind_a_bridge_pays_little_to_whom_it_knows"
PUPPETS = "test_bridge_double_puppets_have_the_bridges_proof_and_an_unknown_source_has_none"


@noticed_by("test_bridge_rule_01_whoever_is_in_no_row_is_an_ordinary_person")
def bridges_of_the_table(patch: pytest.MonkeyPatch) -> None:
    """Whoever looks like a ghost is one."""
    patch.setattr(bridges.Bridge, "has_ghost", lambda self, mxid: f"@{self.id}" in mxid)


@noticed_by(NOT_BOTS)
def shared_accounts_denied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bridges.Bridges, "denying", always(None))


@noticed_by(NOT_SHARED, PUPPETS, "test_case_21_a_profile_in_a_message_is_nobodys_identity")
def marks_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sender, "marked_trouble", always(None))


@noticed_by("test_bridge_rule_03_two_commands_in_one_message_are_none_and_say_so")
def one_command_at_a_time(patch: pytest.MonkeyPatch) -> None:
    several = reading._of_several

    def first(*told: Any) -> Any:  # noqa: ANN401 - passed on
        found = several(*told)
        return found and replace(found, several_lines=False)

    patch.setattr(reading, "_of_several", first)


@noticed_by(TIER, PUPPETS)
def bridged_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bridged.Bridged, "count", later(Step()))


@noticed_by(
    "test_bridge_rule_09_no_device_but_the_bridge_bots_speaks_for_a_ghost",
    "test_bridge_rule_09_a_bridge_bot_that_signed_no_device_of_its_own_speaks_for_nobody",
)
def bridge_bots_device(patch: pytest.MonkeyPatch) -> None:
    async def vouch(_: object, bridge: Any, mxid: str, __: object) -> sender.Proven:  # noqa: ANN401 - passed on
        await asyncio.sleep(0)
        return sender.Proven(sender._via(bridge, mxid))

    patch.setattr(sender.Senders, "_vouched", vouch)


@noticed_by("test_bridge_rule_06_a_name_that_left_and_came_back_moves_nothing")
def names_that_changed_hands(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ties.Ties, "_changed", later((None, None)))


@noticed_by("test_bridge_rule_08_a_code_links_nobody_before_matrix_says_yes_to_who_said_it")
def yes_of_matrix(patch: pytest.MonkeyPatch) -> None:
    """Whoever says the code is linked."""
    claim = ghosts.Ghosts.claim

    async def at_once(self: Any, *said: Any) -> Any:  # noqa: ANN401 - passed on
        found = await claim(self, *said)
        owner = Known(await self._person(found.tie), found.tie.mxid, Step())
        linked = await self._tie(owner, found.tie, Step())
        return replace(linked, says=found.says)

    patch.setattr(ghosts.Ghosts, "claim", at_once)


# ---------------------------------------------------------------- what was sealed


@noticed_by("test_case_03_a_relation_outside_of_the_ciphertext_names_no_payee")
def outer_relation_stripped(patch: pytest.MonkeyPatch) -> None:
    opened = crypto.Crypto.open

    def filled(self: Any, room: str, content: Any) -> Any:  # noqa: ANN401 - passed on
        found = opened(self, room, content)
        outside = {"m.relates_to": content["m.relates_to"]} if "m.relates_to" in content else {}
        return found and replace(found, content={**outside, **found.content})

    patch.setattr(crypto.Crypto, "open", filled)


@noticed_by("test_nio_row_state_inside_of_a_ciphertext_is_no_message")
def state_in_ciphertext(patch: pytest.MonkeyPatch) -> None:
    payload = crypto._payload

    def without_state_key(plain: str, room: str) -> dict[str, Any]:
        return payload(json.dumps({k: v for k, v in json.loads(plain).items() if k != "state_key"}), room)

    patch.setattr(crypto, "_payload", without_state_key)


@noticed_by("test_case_02_a_message_that_was_moved_to_another_room_is_not_read_there")
def room_binding(patch: pytest.MonkeyPatch) -> None:
    payload, session = crypto._payload, crypto.Crypto._session

    def of_any_room(self: Any, _: str, content: Any) -> Any:  # noqa: ANN401 - passed on
        found = (session(self, room, content) for room in list(self.olm.inbound_group_store._entries))
        return next(filter(None, found), None)

    patch.setattr(crypto.Crypto, "_session", of_any_room)
    patch.setattr(
        crypto,
        "_payload",
        lambda plain, room: payload(json.dumps(json.loads(plain) | {"room_id": room}), room),
    )


@noticed_by("test_case_10_plain_text_in_an_encrypted_room_is_refused_and_says_so")
def plain_text_refused(patch: pytest.MonkeyPatch) -> None:
    proved = sender.Senders.prove_unsealed

    async def in_any_room(self: Any, mxid: str, marks: Any, *, encrypted_room: bool) -> Any:  # noqa: ANN401 - passed on
        return await proved(self, mxid, marks, encrypted_room=encrypted_room and False)

    patch.setattr(sender.Senders, "prove_unsealed", in_any_room)


@noticed_by("test_case_11_a_room_whose_encryption_vanished_is_still_encrypted")
def remembered_encryption(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rooms.KnownRooms, "encrypted", rooms.KnownRooms._has_encryption)


# ---------------------------------------------------------------- when, and how often


@noticed_by("test_case_02_a_message_replayed_after_a_restart_approves_nothing")
def replay_binding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mailbox.SqlMailbox, "first_seen", later(answer=True))


@noticed_by(
    "test_case_12_a_command_that_can_be_read_only_an_hour_later_is_not_run",
    "test_case_13_a_time_that_is_far_away_makes_no_command",
)
def freshness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_dispatch.Dispatcher, "_is_stale", always(answer=False))


@noticed_by("test_case_13_a_card_expires_by_the_local_clock")
def card_expiry(patch: pytest.MonkeyPatch) -> None:
    find = approvals.Approvals.find

    async def out_of_time(self: Any, payer: str, code: str | None) -> Any:  # noqa: ANN401 - passed on
        timeless = copy.copy(self)
        timeless._clock = _LongAgo()
        return await find(timeless, payer, code)

    patch.setattr(approvals.Approvals, "find", out_of_time)


@noticed_by(
    "test_case_14_a_full_sync_out_of_turn_runs_no_command_again",
    "test_case_15_one_event_that_comes_many_times_at_once_is_one_payment",
)
def each_event_once(patch: pytest.MonkeyPatch) -> None:
    put_in, sort = mail._put_in, hearing.Hearing._sort

    def again(self: Any, letter: Any, tasks: Any) -> None:  # noqa: ANN401 - passed on
        self._in_hand.discard(letter.event)
        sort(self, letter, tasks)

    patch.setattr(mail, "_put_in", lambda *row: put_in(*row) or True)
    patch.setattr(hearing.Hearing, "_sort", again)
    patch.setattr(steps, "finish_letter", always(answer=True))


@noticed_by("test_case_14_who_has_lost_the_sync_token_runs_no_old_command")
def first_sync_is_only_state(patch: pytest.MonkeyPatch) -> None:
    told = intake.Intake.room
    patch.setattr(intake.Intake, "room", lambda self, room, news, since: told(self, room, news, since or ""))


# ---------------------------------------------------------------- gestures


@noticed_by("test_case_04_a_forged_reaction_confirms_nothing")
def reactions_never_approve(patch: pytest.MonkeyPatch) -> None:
    def any_key(_: object, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - passed on
        return gestures._sign(GestureKind.CROSSED_OUT, content["m.relates_to"]["event_id"])

    async def approve(self: Any, gesture: Any) -> None:  # noqa: ANN401 - passed on
        for payment in await self._desk.gestures._concerned(gesture):
            card = await self._desk.book.transfer(payment)
            proof = OwnDevice(Trust.CROSS_SIGNED_TOFU, "")
            await self._commit(gesture, *await self._desk.approvals.approve(card, proof))

    patch.setitem(cast("dict[str, Any]", gestures.READERS), gestures.REACTION, any_key)
    patch.setattr(_dispatch.Dispatcher, "_follow", approve)


@noticed_by("test_case_18_nobody_else_takes_a_command_back")
def only_ones_own_gestures(patch: pytest.MonkeyPatch) -> None:
    stop = Gestures._stop

    async def of_anyone(self: Any, gesture: Any, payment: str) -> Any:  # noqa: ANN401 - passed on
        payer = (await self._book.transfer(payment)).payer_mxid
        return await stop(self, replace(gesture, sender=payer), payment)

    patch.setattr(Gestures, "_stop", of_anyone)


@noticed_by("test_case_18_a_command_taken_back_before_the_approval_is_off_and_later_the_ledger_stays")
def taken_back(patch: pytest.MonkeyPatch) -> None:
    patch.delitem(cast("dict[str, Any]", gestures.READERS), gestures.REDACTION)


# ---------------------------------------------------------------- what it says


@noticed_by(
    "test_case_16_an_edit_is_never_a_command_and_alters_none",
    "test_case_17_after_an_edit_what_was_shown_is_paid",
)
def edits_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "_is_edit", always(answer=False))


@noticed_by("test_case_19_the_bots_own_words_notices_and_emotes_are_ignored")
def notices_ignored(patch: pytest.MonkeyPatch) -> None:
    read = reading.read
    patch.setattr(reading, "read", lambda content, me: read({**content, "msgtype": "m.text"}, me))


@noticed_by("test_case_19_the_bots_own_words_notices_and_emotes_are_ignored")
def own_words_ignored(patch: pytest.MonkeyPatch) -> None:
    letter = intake.Intake._letter

    def of_anyone(self: Any, room: str, event: Any) -> Any:  # noqa: ANN401 - passed on
        stranger = copy.copy(self)
        stranger.me = reading.Me("@nobody:nowhere", self.me.name)
        return letter(stranger, room, event)

    patch.setattr(intake.Intake, "_letter", of_anyone)


@noticed_by("test_case_20_of_two_people_with_one_name_the_payee_is_shown_by_full_id")
def full_ids_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_texts, "_write_person", lambda page, who: page.write(who.name or who.mxid))


@noticed_by("test_case_20_of_two_people_with_one_name_the_payee_is_shown_by_full_id")
def doubtful_names_refused(patch: pytest.MonkeyPatch) -> None:
    called = _grammar._called
    patch.setattr(_grammar, "_called", lambda name, members: called(name, members)[:1])


@noticed_by("test_case_23_an_id_that_looks_like_that_of_a_known_payee_is_warned_of")
def lookalikes_warned_of(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(news, "alike", always(None))


@noticed_by("test_case_22_what_nobody_sees_is_taken_out_of_notes_and_names")
def unseen_characters(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_format, "_is_unseen", always(answer=False))


@noticed_by("test_case_22_what_nobody_sees_is_taken_out_of_notes_and_names")
def piles_of_marks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_format, "_without_piles", "".join)


@noticed_by("test_case_24_two_bodies_that_say_different_things_are_refused")
def bodies_agree(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reading, "shows", always(answer=True))


@noticed_by("test_case_25_a_pill_pays_whom_it_leads_to_and_is_refused_if_it_shows_another_id")
def pill_and_id_agree(patch: pytest.MonkeyPatch) -> None:
    mark = _grammar.mark_pills

    def as_shown(words: str, named: Any) -> Any:  # noqa: ANN401 - passed on
        try:
            return mark(words, named)
        except _grammar.NameAndPillDifferError:
            return words, ()

    patch.setattr(_grammar, "mark_pills", as_shown)


@noticed_by("test_case_26_markup_in_a_note_or_a_name_is_only_text")
def markup_escaped(patch: pytest.MonkeyPatch) -> None:
    for module in (_template, _texts, saying):
        patch.setattr(module, "escape", str)


@noticed_by("test_case_28_a_command_in_a_quote_or_among_other_lines_is_none")
def quotes_removed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        reading, "_without_quote", lambda body: re.sub(r"^> (<[^>]+> )?", "", body, flags=re.MULTILINE)
    )


@noticed_by("test_case_28_a_command_in_a_quote_or_among_other_lines_is_none")
def single_line(patch: pytest.MonkeyPatch) -> None:
    def first_command(body: str) -> str | None:
        return next((line for line in body.splitlines() if line.startswith("!")), None)

    patch.setattr(reading, "_own_line", first_command)


@noticed_by("test_case_28_a_command_that_is_shown_as_a_quote_or_as_code_is_none")
def shown_as_quote(patch: pytest.MonkeyPatch) -> None:
    parse = pills.parse
    patch.setattr(pills, "parse", lambda html: replace(parse(html), quotes=False))


@noticed_by("test_case_35_who_is_pinged_is_not_who_is_paid")
def pings_ignored(patch: pytest.MonkeyPatch) -> None:
    _keep_more(patch, MENTIONS)
    spoken = understanding.Understanding._spoken

    async def to_the_first(self: Any, letter: Any, told: Any, *rest: Any) -> Any:  # noqa: ANN401 - passed on
        found = await spoken(self, letter, told, *rest)
        pinged = (told.content.get(MENTIONS) or {}).get("user_ids")
        return replace(found, is_reply=True, reply_author=pinged[0]) if pinged else found

    patch.setattr(understanding.Understanding, "_spoken", to_the_first)


@noticed_by("test_case_27_whatever_an_event_is_made_of_it_costs_nobody_else_anything")
def deep_json(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wire, "parse", json.loads)


@noticed_by("test_case_27_whatever_an_event_is_made_of_it_costs_nobody_else_anything")
def ids_are_text(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake, "_is_id", always(answer=True))


# ---------------------------------------------------------------- where, and who is there


@noticed_by("test_case_29_only_the_payer_can_answer_a_card")
def only_the_payers_cards(patch: pytest.MonkeyPatch) -> None:
    waiting = book.SqlBook.awaiting_approval

    async def of_anyone(self: Any, _: str) -> Any:  # noqa: ANN401 - passed on
        payers = await self._reader.rows(select(tables.transfer.c.payer).distinct())
        return [card for row in payers for card in await waiting(self, row["payer"])]

    patch.setattr(book.SqlBook, "awaiting_approval", of_anyone)


@noticed_by("test_case_30_who_is_gone_before_the_approval_is_not_paid")
def payee_still_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(approvals, "check_place", always(None))


@noticed_by("test_case_30_who_is_only_invited_is_not_paid")
def payee_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(payments, "check_place", always(None))


@noticed_by("test_case_30_who_is_only_invited_is_not_paid")
def joined_is_more_than_invited(patch: pytest.MonkeyPatch) -> None:
    read = rooms._roster

    def everyone(answer: Any) -> rooms.Roster:  # noqa: ANN401 - passed on
        found = read(answer)
        return replace(found, joined={**found.joined, **dict.fromkeys(found.invited)})

    patch.setattr(rooms, "_roster", everyone)


@noticed_by("test_case_31_an_upgrade_moves_no_request_and_loosens_no_policy")
def policy_inherited(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rules, "predecessor", later(None))


@noticed_by("test_case_32_in_a_room_that_everyone_can_read_balances_go_by_direct_message")
def private_answers(patch: pytest.MonkeyPatch) -> None:
    placed = _dispatch.Dispatcher._placed

    def in_the_room(self: Any, reply: Any, call: Any, *, private: bool) -> Any:  # noqa: ANN401 - passed on
        return placed(self, reply, call, private=private and False)

    patch.setattr(_dispatch.Dispatcher, "_placed", in_the_room)


@noticed_by("test_case_32_in_a_room_that_everyone_can_read_balances_go_by_direct_message")
def direct_rooms_are_closed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rules, "closed", later(answer=True))


@noticed_by("test_case_33_strangers_and_their_thousand_invitations_are_left_outside")
def may_invite(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Config, "role_of", always(Role.ADMIN))


@noticed_by("test_case_33_strangers_and_their_thousand_invitations_are_left_outside")
def invitations_bounded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invites, "MOST_WAITING", 10**9)


@noticed_by("test_case_34_who_kicks_the_bot_cannot_stop_the_money_and_the_payer_is_told_directly")
def told_directly_instead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wiring._House, "_set_aside", always(None))


# ---------------------------------------------------------------- trouble


@noticed_by("test_case_61_whatever_the_homeserver_answers_no_reply_is_lost_or_said_twice")
def server_errors_pass(patch: pytest.MonkeyPatch) -> None:
    judged = wire.Wire._judged

    def for_good(self: Any, what: str, status: int, answer: Any) -> Any:  # noqa: ANN401 - passed on
        try:
            return judged(self, what, status, answer)
        except wire.NotNowError as error:
            raise wire.RefusedError(status, "M_UNKNOWN", what) from error

    patch.setattr(wire.Wire, "_judged", for_good)


@noticed_by("test_case_61_whatever_the_homeserver_answers_no_reply_is_lost_or_said_twice")
def one_transaction_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "_transaction", lambda _: secrets.token_hex(8))


@noticed_by("test_case_62_a_rail_that_raises_or_hangs_stops_only_itself_and_health_names_it")
def health_is_impatient(patch: pytest.MonkeyPatch) -> None:
    async def ask(_: object, name: str, check: health.Check) -> str:
        return await check() or name

    patch.setattr(health.Health, "_ask", ask)


@noticed_by("test_case_62_a_rail_that_raises_or_hangs_stops_only_itself_and_health_names_it")
def rails_isolated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wiring, "guard_rail", lambda _name, make, _monotonic: make())

    async def execute(self: Any, leg: Any, transfer: Any, rail: Any) -> None:  # noqa: ANN401 - passed on
        await self._outcomes.commit(Step(records=(leg,)))
        outcome = await rail.execute(leg.handle, leg.key, leg.highest_fee)
        await self._outcomes.take(replace(leg, version=leg.version + 1), transfer, outcome)

    async def drive(_: object, due: Due, drive: lanes.Drive, rail: Rail) -> None:
        await drive(due, rail)

    patch.setattr(execution.Execution, "execute", execute)
    patch.setattr(lanes.Lanes, "_drive", drive)


class _LongAgo:
    """A clock that stands where nothing has expired yet."""

    def now(self) -> datetime:
        return datetime(2000, 1, 1, tzinfo=UTC)


def _keep_more(patch: pytest.MonkeyPatch, name: str) -> None:
    """Keep one more part of a content until it is acted on."""
    kept = reading.kept

    def more(content: Mapping[str, object], words: Any) -> dict[str, object]:  # noqa: ANN401 - passed on
        return kept(content, words) | ({name: content[name]} if name in content else {})

    patch.setattr(reading, "kept", more)
