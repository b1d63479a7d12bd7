"""All use cases, built over the same ports: what a command has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.services.accounts import Accounts
from paybridge.services.act_log import ActLog
from paybridge.services.administration import Administration
from paybridge.services.approvals import Approvals
from paybridge.services.blocking import Blocking
from paybridge.services.boards import Boards
from paybridge.services.bridged import Bridged
from paybridge.services.bundle_news import BundleNews
from paybridge.services.cancellations import Cancellations
from paybridge.services.carrying_out import CarryingOut
from paybridge.services.checkout import Checkout
from paybridge.services.claims import Claims
from paybridge.services.contacts import Contacts
from paybridge.services.costs import Costs
from paybridge.services.dues import Dues
from paybridge.services.factors import Factors
from paybridge.services.forgetting import Forgetting
from paybridge.services.freezing import Freezing
from paybridge.services.gestures import Gestures
from paybridge.services.ghosts import Ghosts
from paybridge.services.goods import Goods
from paybridge.services.holders import Holders
from paybridge.services.homes import Homes
from paybridge.services.invoices import Invoices
from paybridge.services.kitties import Kitties
from paybridge.services.kitty_closing import KittyClosing
from paybridge.services.limits import Limits
from paybridge.services.linking import Linking
from paybridge.services.memberships import Memberships
from paybridge.services.motions import Motions
from paybridge.services.news import News
from paybridge.services.nicknames import Nicknames
from paybridge.services.one_time_links import OneTimeLinks
from paybridge.services.orders import Orders
from paybridge.services.overview import Overview
from paybridge.services.own_statements import OwnStatements
from paybridge.services.passkeys import Passkeys
from paybridge.services.payments import Payments
from paybridge.services.people import People
from paybridge.services.policies import Policies
from paybridge.services.premises import Premises
from paybridge.services.proposals import Proposals
from paybridge.services.purses import Purses
from paybridge.services.rail_pauses import RailPauses
from paybridge.services.receipts import Receipts
from paybridge.services.refunds import Refunds
from paybridge.services.repeat_news import RepeatNews
from paybridge.services.repeats import Repeats
from paybridge.services.requests import Requests
from paybridge.services.serving import Serving
from paybridge.services.shop_view import ShopView
from paybridge.services.shops import Shops
from paybridge.services.sources import Sources
from paybridge.services.splits import Splits
from paybridge.services.staffing import Staffing
from paybridge.services.standings import Standings
from paybridge.services.stock import Stock
from paybridge.services.strength import Strength
from paybridge.services.suspense import Suspense
from paybridge.services.ticket_door import TicketDoor
from paybridge.services.ticket_issue import TicketIssue
from paybridge.services.ticket_refunds import TicketRefunds
from paybridge.services.ticket_waits import TicketWaits
from paybridge.services.tickets import Tickets
from paybridge.services.ties import Ties
from paybridge.services.trips import Trips

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.services.ports import Book, Chance, Clock, Mailbox, Rail, Rooms, Vault
    from paybridge.services.settings import Settings
    from paybridge.services.webauthn import Ceremonies


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases and the reading side of the book."""

    book: Book
    mailbox: Mailbox
    vault: Vault
    clock: Clock
    chance: Chance
    rooms: Rooms
    settings: Settings
    people: People
    payments: Payments
    approvals: Approvals
    factors: Factors
    freezing: Freezing
    passkeys: Passkeys
    forgetting: Forgetting
    links: OneTimeLinks
    refunds: Refunds
    requests: Requests
    boards: Boards
    splits: Splits
    shops: Shops
    shop_view: ShopView
    invoices: Invoices
    checkout: Checkout
    trips: Trips
    kitties: Kitties
    proposals: Proposals
    orders: Orders
    serving: Serving
    staffing: Staffing
    stock: Stock
    repeats: Repeats
    repeat_news: RepeatNews
    dues: Dues
    memberships: Memberships
    claims: Claims
    linking: Linking
    nicknames: Nicknames
    contacts: Contacts
    blocking: Blocking
    cancellations: Cancellations
    gestures: Gestures
    overview: Overview
    news: News
    bundle_news: BundleNews
    policies: Policies
    receipts: Receipts
    limits: Limits
    standings: Standings
    own_statements: OwnStatements
    costs: Costs
    bridged: Bridged
    ties: Ties
    ghosts: Ghosts
    administration: Administration
    motions: Motions
    suspense: Suspense
    rail_pauses: RailPauses
    ticket_issue: TicketIssue
    tickets: Tickets
    ticket_door: TicketDoor
    ticket_refunds: TicketRefunds
    ticket_waits: TicketWaits


def open_desk(  # noqa: PLR0913 - the ports, each once
    *,
    book: Book,
    mailbox: Mailbox,
    vault: Vault,
    clock: Clock,
    chance: Chance,
    rooms: Rooms,
    rails: Mapping[str, Rail],
    settings: Settings,
    ceremonies: Ceremonies | None = None,
    premises: Premises | None = None,
) -> Desk:
    """Build every use case over these ports; without `ceremonies` nobody can have passkeys.

    Without `premises`, operators are told nothing of the program itself.
    """
    people = People(book, vault, clock, chance)
    policies = Policies(book, rooms, settings)
    nicknames = Nicknames(vault)
    accounts = Accounts(book, rails, nicknames)
    holders = Holders(vault, rails)
    sources = Sources(book, rails, accounts)
    factors = Factors(book, vault, clock, chance)
    passkeys = Passkeys(book, vault, clock, chance, factors, settings, ceremonies)
    strength = Strength(book, factors, settings)
    limits = Limits(book, clock, settings)
    ties = Ties(book, vault, clock, rooms, settings)
    bridged = Bridged(book, clock, settings, limits, ties)
    links = OneTimeLinks(book, clock, chance, settings)
    homes = Homes(bridged)
    news = News(book, vault, rooms, settings, policies, strength, homes)
    bundle_news = BundleNews(book, vault, rooms, settings, policies, strength, homes)
    blocking = Blocking(book, clock)
    boards = Boards(book, vault, rooms, settings, policies)
    shops = Shops(book, vault, clock, chance)
    stock = Stock(book, vault, clock, settings, limits, shops)
    ticket_issue = TicketIssue(book, vault, clock, settings, people, limits)
    goods = Goods(stock, ticket_issue)
    requests = Requests(
        book, vault, clock, chance, settings, people, rooms, policies, limits, blocking, boards, goods
    )
    splits = Splits(book, vault, clock, chance, settings, people, rooms, requests, boards)
    claims = Claims(book, clock, people, news)
    payments = Payments(
        book,
        vault,
        clock,
        chance,
        settings,
        sources,
        accounts,
        holders,
        policies,
        strength,
        limits,
        links,
        bridged,
    )
    invoices = Invoices(book, vault, clock, settings, shops, requests, limits, policies)
    repeat_news, dues = RepeatNews(book, vault, clock, settings, limits), Dues(book, vault, settings)
    repeats = Repeats(book, vault, clock, chance, settings, payments, factors, repeat_news, dues)
    cancellations = Cancellations(book, clock, news, bundle_news, requests, claims)
    standings = Standings(book, clock, settings, holders)
    suspense, acts = Suspense(book), ActLog(book, clock)
    motions = Motions(book, vault, clock, chance, settings, acts, CarryingOut(book, suspense, standings))
    refunds = Refunds(book, clock, settings, payments)
    staffing = Staffing(book, clock, chance, settings, shops)
    freezing = Freezing(book, clock, cancellations, factors)
    kitties = Kitties(book, vault, clock, chance, rooms, settings, people, policies, payments)
    approvals = Approvals(
        book,
        clock,
        settings,
        people,
        rooms,
        news,
        bundle_news,
        requests,
        policies,
        factors,
        strength,
        limits,
        passkeys,
        goods,
        bridged,
        Purses(book),
    )
    tickets = Tickets(book, clock, chance, rooms, settings, shops, payments, ticket_issue)
    return Desk(
        book=book,
        mailbox=mailbox,
        vault=vault,
        clock=clock,
        chance=chance,
        rooms=rooms,
        settings=settings,
        people=people,
        payments=payments,
        approvals=approvals,
        factors=factors,
        freezing=freezing,
        passkeys=passkeys,
        forgetting=Forgetting(book, clock, settings, rails, factors, claims, requests, splits, cancellations),
        links=links,
        refunds=refunds,
        requests=requests,
        boards=boards,
        splits=splits,
        shops=shops,
        shop_view=ShopView(book, clock, settings, limits, shops, stock, invoices),
        stock=stock,
        orders=Orders(book, clock, chance, shops, payments, stock),
        serving=Serving(book, clock, stock, refunds, cancellations, staffing),
        staffing=staffing,
        invoices=invoices,
        checkout=Checkout(book, vault, clock, settings, shops, invoices, stock),
        kitties=kitties,
        proposals=Proposals(
            book,
            vault,
            clock,
            chance,
            settings,
            kitties,
            policies,
            factors,
            strength,
            approvals,
            KittyClosing(book, vault, clock, chance, settings, policies),
        ),
        trips=Trips(book, vault, clock, chance, settings, people, policies, blocking, splits),
        repeats=repeats,
        repeat_news=repeat_news,
        dues=dues,
        memberships=Memberships(book, vault, clock, chance, rooms, settings, shops, repeats, dues, limits),
        claims=claims,
        linking=Linking(book, vault, clock, chance, rails, holders, accounts, nicknames),
        nicknames=nicknames,
        contacts=Contacts(book, vault, clock, chance),
        blocking=blocking,
        cancellations=cancellations,
        gestures=Gestures(book, mailbox, people, requests, splits, cancellations),
        overview=Overview(book),
        news=news,
        bundle_news=bundle_news,
        policies=policies,
        receipts=Receipts(book, vault, clock, policies),
        limits=limits,
        costs=Costs(book, accounts, sources, settings),
        bridged=bridged,
        standings=standings,
        ties=ties,
        ghosts=Ghosts(book, vault, clock, chance, rooms, settings, ties, factors, cancellations),
        own_statements=OwnStatements(book, vault),
        administration=Administration(
            book, vault, settings, acts, freezing, premises, motions, suspense, standings, limits
        ),
        motions=motions,
        suspense=suspense,
        rail_pauses=RailPauses(book, clock, acts),
        ticket_issue=ticket_issue,
        tickets=tickets,
        ticket_door=TicketDoor(book, vault, clock, tickets, ticket_issue),
        ticket_refunds=TicketRefunds(book, clock, rooms, tickets, ticket_issue, refunds, approvals),
        ticket_waits=TicketWaits(book, clock, chance),
    )
