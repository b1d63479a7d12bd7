"""The whole config: its sections, what holds between them, and what the other parts read from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, model_validator

from paybridge.config.bridges import BridgeRow, bridges_of
from paybridge.config.regions import REGIONS, RegionName, profile_of, region_of
from paybridge.config.rules import Rules
from paybridge.config.sections import (
    POSTGRES,
    SQLITE,
    AdminRoom,
    Approval,
    Cards,
    Claims,
    Database,
    Homeserver,
    Invites,
    Logging,
    MatrixId,
    Reconciliation,
    Requests,
    RoleName,
    RoomPolicy,
    Section,
    VaultSection,
    Verification,
    Web,
    Who,
    at_key,
)
from paybridge.domain.approval import Allowance, Most
from paybridge.domain.bridged import Bridged
from paybridge.domain.bridges import Bridges
from paybridge.domain.money import Money, MoneyError, exponent_of
from paybridge.domain.permissions import Permissions, Role
from paybridge.domain.policy import Policy
from paybridge.services.settings import Settings
from paybridge.texts import shipped

DATABASE_FILE: Final = "paybridge.db"
MASTER_KEY_FILE: Final = "master.key"


def _currency(code: str) -> str:
    exponent_of(code)
    return code


def _spoken(language: str) -> str:
    if language not in shipped():
        *others, last = map(repr, shipped())
        raise ValueError(f"should be {', '.join(others)} or {last}")
    return language


class Config(Section):
    """The whole config."""

    homeserver: Homeserver
    data_dir: Path = Field(
        description="Folder for everything that the bot keeps; made if it is not there. "
        "A relative path starts at the config's own folder.",
    )
    database: Database = Field(default_factory=Database)
    vault: VaultSection = Field(default_factory=VaultSection)
    web: Web = Field(default_factory=Web)
    permissions: dict[Who, RoleName] = Field(
        default_factory=dict,
        description="Who may do what: a Matrix id, a server name or `*`, and blocked, receive, user, "
        "merchant or admin; the most exact name counts. Left out: people of the bot's own server are user, "
        "and everyone else is blocked.",
    )
    admins: tuple[MatrixId, ...] = Field(
        (), description="Matrix ids that are admin: a shorthand for permissions."
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        "EUR",
        description="The currency (ISO 4217) meant when none is named, and that of the limits below. "
        "Left out: the region's own.",
    )
    region: RegionName = Field(
        "eu",
        description="Whose rules apply: eu, in, br, us or cn (docs/regions.md); sandbox profiles, not law.",
    )
    rules: Rules = Field(default_factory=Rules)
    language: Annotated[str, AfterValidator(_spoken)] = Field(
        "en", description="What the bot speaks until a person chooses: en or zh."
    )
    rails: dict[str, BaseModel] = Field(
        default_factory=dict, description="The ways for money to move outside the ledger, with their options."
    )
    invites: Invites = Field(default_factory=Invites)
    verification: Verification = Field(default_factory=Verification)
    approval: Approval = Field(default_factory=Approval)
    bridges: tuple[BridgeRow, ...] = Field(
        (),
        description="Bridges whose people may use the bot, each with an id and a profile (docs/bridges.md): "
        "[{id: whatsapp, profile: mautrix-whatsapp}]. Nobody else is taken for a bridge's ghost.",
    )
    cards: Cards = Field(default_factory=Cards)
    requests: Requests = Field(default_factory=Requests)
    claims: Claims = Field(default_factory=Claims)
    policy: RoomPolicy = Field(default_factory=RoomPolicy)
    admin: AdminRoom = Field(default_factory=AdminRoom)
    reconciliation: Reconciliation = Field(default_factory=Reconciliation)
    logging: Logging = Field(default_factory=Logging)

    @model_validator(mode="before")
    @classmethod
    def _in_its_currency(cls, written: object) -> object:
        """Where no currency is named, it is the region's."""
        if isinstance(written, dict) and "currency" not in written and written.get("region") in REGIONS:
            return written | {"currency": profile_of(written["region"]).currency}
        return written

    @model_validator(mode="after")
    def _sound_together(self) -> Config:
        for mxid in self.admins:
            if self.permissions.get(mxid, Role.ADMIN) is not Role.ADMIN:
                raise at_key("admins", f"{mxid} has another role in permissions")
        if self.admin.two_admins and not self._may_be_two_admins():
            raise at_key("admin.two_admins", "needs two admins: name them in admins or permissions")
        limits = self.approval.without_factor
        for name, amount in (("each", limits.each), ("total", limits.total)):
            self._limit(f"approval.without_factor.{name}", amount, self.currency)
        bridged = self.approval.bridged
        for name, amount in (("each", bridged.each), ("day", bridged.day)):
            self._limit(f"approval.bridged.{name}", amount, self.currency)
        for currency, other in limits.others.items():
            for name, amount in (("each", other.each), ("total", other.total)):
                self._limit(f"approval.without_factor.others.{currency}.{name}", amount, currency)
        if self.policy.limit:
            self._limit("policy.limit", self.policy.limit, self.currency)
        self.effective_bridges()
        known = region_of(self.region, self.rules).currencies
        if self.currency not in known:
            raise at_key(
                "currency",
                f"the region {self.region} has no limits in {self.currency}, only in {', '.join(known)}: "
                "choose another region, or name some in rules.limits",
            )
        return self

    def _may_be_two_admins(self) -> bool:
        roles = self.effective_permissions().roles
        named = [who for who, role in roles.items() if role is Role.ADMIN]
        return len(named) > 1 or any(not who.startswith("@") for who in named)

    @staticmethod
    def _limit(key: str, amount: str, currency: str) -> Money:
        try:
            limit = Money.of(amount, currency)
        except MoneyError as error:
            raise at_key(key, str(error)) from None
        if limit.is_negative:
            raise at_key(key, "cannot be below zero")
        return limit

    def role_of(self, mxid: str) -> Role:
        """What the person with this full Matrix id may do."""
        return self.effective_permissions().role_of(mxid)

    def effective_permissions(self) -> Permissions:
        """Permissions with the admins, and with what holds if nothing is said."""
        roles = self.permissions or {self.homeserver.server_name: Role.USER}
        return Permissions(roles | dict.fromkeys(self.admins, Role.ADMIN))

    def effective_bridges(self) -> Bridges:
        """The table of bridges, profiles filled in."""
        return bridges_of(self.bridges, self.homeserver.server_name, [self.homeserver.user_id, *self.admins])

    def settings(self) -> Settings:
        """The operator's choices as the use cases take them."""
        limits = self.approval.without_factor
        return Settings(
            bot=self.homeserver.user_id,
            currency=self.currency,
            allowance=Allowance(
                each=Money.of(limits.each, self.currency),
                total=Money.of(limits.total, self.currency),
                count=limits.count,
                others={
                    currency: Most(Money.of(other.each, currency), Money.of(other.total, currency))
                    for currency, other in limits.others.items()
                },
            ),
            permissions=self.effective_permissions(),
            bridges=self.effective_bridges(),
            bridged=Bridged(
                each=Money.of(self.approval.bridged.each, self.currency),
                day=Money.of(self.approval.bridged.day, self.currency),
            ),
            ghost_silence=timedelta(days=self.approval.bridged.silence_days),
            required_trust=self.verification.required,
            language=self.language,
            card_life=timedelta(minutes=self.cards.minutes),
            request_life=timedelta(days=self.requests.days),
            claim_life=timedelta(days=self.claims.days),
            region=region_of(self.region, self.rules),
            public_url=self.web.public_url,
            admin_room=self.admin.room,
            admin_delay=timedelta(minutes=self.admin.delay_minutes),
            two_admins=self.admin.two_admins,
            policy=Policy(
                receipts=self.policy.receipts,
                requests=self.policy.requests,
                limit=Money.of(self.policy.limit, self.currency) if self.policy.limit else None,
            ),
        )

    def settled(self, folder: Path) -> Config:
        """The same config with what was left out filled in, relative paths taken to start at `folder`."""
        data_dir = folder / self.data_dir.expanduser()
        database = self.database
        if not database.url.startswith(POSTGRES):
            books = database.url.removeprefix(SQLITE) or data_dir / DATABASE_FILE
            database = Database(url=f"{SQLITE}{folder / books}")
        vault = self.vault
        if vault.keeps_its_key:
            key_file = folder / (vault.master_key_file or data_dir / MASTER_KEY_FILE).expanduser()
            vault = VaultSection(master_key_file=key_file)
        bridges = tuple(row.settled(folder) for row in self.bridges)
        return self.model_copy(
            update={"data_dir": data_dir, "database": database, "vault": vault, "bridges": bridges}
        )
