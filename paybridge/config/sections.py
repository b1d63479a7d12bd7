"""The sections of the config, each with its keys, what they mean and what may stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from paybridge.domain.permissions import EVERYONE, Role
from paybridge.domain.policy import Asking, Receipts
from paybridge.domain.proof import Trust

SQLITE: Final = "sqlite+aiosqlite:///"
POSTGRES: Final = "postgresql+asyncpg://"

_MATRIX_ID: Final = re.compile(r"@[^:\s]+:[A-Za-z0-9.\-\[\]:]+", re.ASCII)
_ROOM_ID: Final = re.compile(r"![^\s]+")
_SERVER_NAME: Final = re.compile(r"[A-Za-z0-9.\-\[\]:]+", re.ASCII)
_LONGEST_MATRIX_ID: Final = 255
_HIGHEST_PORT: Final = 65_535


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(text)
        usable = parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError("is not a web address") from None
    if not usable or any(character.isspace() for character in text):
        raise ValueError("is not a web address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must hold a host and perhaps a port and a path, no user, query or fragment")
    return text.rstrip("/")


def _public_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://; only on this machine itself, http:// will do")
    if parts.port == 0 or not text.isascii():
        raise ValueError("must be written as browsers do: in ASCII")
    return text


def _matrix_id(text: str) -> str:
    if len(text) > _LONGEST_MATRIX_ID or not _MATRIX_ID.fullmatch(text):
        raise ValueError("must be a full Matrix id such as @paybridge:example.org")
    return text


def _room_id(text: str) -> str:
    if len(text) > _LONGEST_MATRIX_ID or not _ROOM_ID.fullmatch(text):
        raise ValueError("must be a room's id such as !abc:example.org (in Element: its settings, Advanced)")
    return text


def _who(text: str) -> str:
    if text == EVERYONE or _SERVER_NAME.fullmatch(text):
        return text
    return _matrix_id(text)


def _role(value: object) -> Role:
    try:
        return Role.named(str(value))
    except ValueError:
        raise ValueError("must be " + _either(role.label for role in Role)) from None


def _trust(value: object) -> Trust:
    try:
        return Trust.named(str(value))
    except ValueError:
        raise ValueError("must be " + _either(level.label for level in Trust)) from None


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return ", ".join(first) + " or " + last


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT):
        raise ValueError("must be host:port such as 127.0.0.1:8080; port 0 takes any free one")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("an IPv6 address stands in brackets: [::1]:8080")
    return text


def _amount(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('must stand in quotes, as in "30.00", to be read exactly')  # noqa: TRY004  one line for the operator, through pydantic
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Secret = Annotated[SecretStr, Field(min_length=1)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PublicAddress = Annotated[str, AfterValidator(_web_address), AfterValidator(_public_address)]
RoomId = Annotated[str, AfterValidator(_room_id)]
DifferenceCode = Annotated[str, Field(pattern=r"^[0-9a-f]{10}$")]
MatrixId = Annotated[str, AfterValidator(_matrix_id)]
Who = Annotated[str, AfterValidator(_who)]
RoleName = Annotated[Role, BeforeValidator(_role)]
TrustName = Annotated[Trust, BeforeValidator(_trust)]
Amount = Annotated[str, BeforeValidator(_amount)]


def _database(url: str) -> str:
    if url.startswith(POSTGRES) and url.removeprefix(POSTGRES).partition("/")[2].partition("?")[0]:
        return url
    if url.startswith("postgres"):
        raise ValueError(f"must be {POSTGRES}user:password@host/database")
    if url and not url.startswith(SQLITE):
        raise ValueError(f"must begin with {SQLITE} or {POSTGRES}")
    if url and url.removeprefix(SQLITE) in {"", ":memory:"}:
        raise ValueError("must name a file; books in memory would be gone at the next start")
    return url


def at_key(key: str, fault: str) -> PydanticCustomError:
    """A fault of several keys together, told at one of them."""
    return PydanticCustomError("at_key", "{fault}", {"key": key, "fault": fault})


class Section(BaseModel):
    """A part of the config: nothing unknown in it, nothing changed later, no value shown in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Homeserver(Section):
    """The bot's account. Give `password`, or `access_token` together with `device_id`."""

    url: WebAddress = Field(
        description="Where the homeserver's client interface answers.",
        examples=["https://matrix.example.org"],
    )
    user_id: MatrixId = Field(description="The bot's full Matrix id.")
    password: Secret | None = Field(
        None, description="The bot's password; used once, to log in at the first start."
    )
    access_token: Secret | None = Field(
        None, description="Instead of a password: the access token of a login made elsewhere."
    )
    device_id: str | None = Field(None, description="The device that the access token belongs to.")
    device_name: str = Field("PayBridge", min_length=1, description="How the bot's device is called.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Homeserver:
        if (self.password is None) == (self.access_token is None):
            raise at_key("password", "give either a password, or an access_token with its device_id")
        if (self.access_token is None) != (self.device_id is None):
            raise at_key("device_id", "goes with access_token: give both or neither")
        return self

    @property
    def server_name(self) -> str:
        """The server in the bot's own Matrix id."""
        return self.user_id.partition(":")[2]


class Database(Section):
    """Where the books are kept."""

    url: Annotated[str, AfterValidator(_database)] = Field(
        "",
        description="SQLAlchemy URL: sqlite+aiosqlite:///path, or postgresql+asyncpg://user:password@host/database"
        " (docs/postgres.md). Left out: paybridge.db in data_dir.",
        repr=False,
    )

    @property
    def file(self) -> Path | None:
        """The file that holds the books; None if a server does."""
        if self.url.startswith(POSTGRES):
            return None
        return Path(self.url.removeprefix(SQLITE).partition("?")[0])


class VaultSection(Section):
    """The master key, under which every secret at rest lies. Keep a copy of it apart from the database."""

    master_key_file: Path | None = Field(
        None, description="File with the key: 64 hex digits or base64. Left out: master.key in data_dir."
    )
    master_key: Secret | None = Field(None, description="Instead of a file: the key itself.")
    master_key_command: tuple[str, ...] = Field(
        (),
        description=(
            "Instead of a file: a program and its arguments, which prints the key within 30 seconds; run at"
            " each start, without a shell."
        ),
    )

    @model_validator(mode="after")
    def _one_key(self) -> VaultSection:
        sources = {
            "master_key_file": self.master_key_file is not None,
            "master_key": self.master_key is not None,
            "master_key_command": bool(self.master_key_command),
        }
        given = [name for name, is_given in sources.items() if is_given]
        if len(given) > 1:
            raise at_key(given[-1], f"give this or {given[0]}, not both")
        return self

    @property
    def keeps_its_key(self) -> bool:
        """Whether a file holds the key; else it is the config's or a command's, and not ours to replace."""
        return self.master_key is None and not self.master_key_command


class Web(Section):
    """The small web server for health and webhooks."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "127.0.0.1:8080", description="host:port to listen on; port 0 takes any free one."
    )
    public_url: PublicAddress | None = Field(
        None,
        description="How people reach the web server, as in https://pay.example.org; https, but on this "
        "machine itself. With it, cards and `!mfa on` offer links to pages; left out, they do not.",
    )

    @property
    def host(self) -> str:
        """The host to listen on, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on; 0 takes any free one."""
        return int(self.listen.rpartition(":")[2])


class Verification(Section):
    """How sure the bot must be of who speaks."""

    required: TrustName = Field(
        Trust.CROSS_SIGNED_TOFU,
        description="The least trust in a device that may approve payments: unverified, "
        "cross-signed-untrusted, cross-signed-tofu or cross-signed-verified.",
    )


class Invites(Section):
    """Where the bot goes. Whoever may use it may invite it."""

    from_shared_rooms: bool = Field(
        default=False,
        description="Also go where somebody invites it who may not use it, but is in a room with it already.",
    )


class OtherCurrency(Section):
    """What people may pay in another currency."""

    each: Amount
    total: Amount


class WithoutFactor(Section):
    """What people may pay who have set up no second factor."""

    each: Amount = Field("30", description="At most this much in one payment, in `currency`.")
    total: Amount = Field("100", description="At most this much in all.")
    count: int = Field(5, ge=0, description="At most this many payments in all.")
    others: dict[str, OtherCurrency] = Field(
        default_factory=dict,
        description='Amounts for other currencies, on top of these: {INR: {each: "2500", total: "8000"}}. '
        "In a currency that stands nowhere here, nobody can pay.",
    )


class Bridged(Section):
    """What people of other networks may pay from there, whose bridge is in `bridges` with tier account."""

    each: Amount = Field("10", description="At most this much in one payment, in `currency`.")
    day: Amount = Field("30", description="At most this much in 24 hours.")
    silence_days: int = Field(
        180, gt=0, description="After so many days of silence, a linked account is confirmed again."
    )


class Approval(Section):
    """What an approval needs."""

    without_factor: WithoutFactor = Field(default_factory=WithoutFactor)
    bridged: Bridged = Field(default_factory=Bridged)


class Cards(Section):
    """The cards that ask a payer to approve."""

    minutes: int = Field(5, ge=1, le=60, description="Minutes until an unapproved card is void.")


class Requests(Section):
    """Requests for money."""

    days: int = Field(7, ge=1, le=365, description="Days until an unpaid request is void.")


class Claims(Section):
    """Money sent to someone who has no account yet."""

    days: int = Field(7, ge=1, le=365, description="Days until unclaimed money goes back to its payer.")


class RoomPolicy(Section):
    """What holds in every room. A room's own policy (`!policy`) can only be stricter."""

    receipts: Receipts = Field(
        Receipts.PUBLIC,
        description="public: the room sees amounts; private: only payer and payee, in direct messages.",
    )
    requests: Asking = Field(
        Asking.ANYONE, description="Who may ask for money in a room: anyone, moderators or nobody."
    )
    limit: Amount = Field(
        "", description="At most this much in one payment in a room, in `currency`. Left out: any amount."
    )


class AdminRoom(Section):
    """Where operators hear of what the bot cannot settle by itself, and give orders with `!admin`."""

    room: RoomId | None = Field(
        None,
        description="Id of the room for it, encrypted, into which you invite the bot and nobody who should"
        " not read what is said there. Left out: it is only logged, and `!admin` works nowhere.",
        examples=["!abcdefgh:example.org"],
    )
    delay_minutes: int = Field(
        60,
        ge=1,
        le=10_080,
        description="Minutes that an order of an operator waits which moves money or loosens something; any"
        " operator can stop it until then.",
    )
    two_admins: bool = Field(
        default=False,
        description="Instead of waiting, such an order needs the approval of a second operator within a day.",
    )


class Reconciliation(Section):
    """The books against the statements of the rails."""

    hours: int = Field(24, ge=1, le=168, description="Hours from one comparison to the next.")
    days: int = Field(
        7,
        ge=1,
        le=400,
        description="Days before the last comparison that are compared again, for what came late.",
    )
    closed: tuple[DifferenceCode, ...] = Field(
        (),
        description="Codes, told by `paybridge reconcile`, of differences that you have settled by hand.",
    )


class Logging(Section):
    """What the program says about its work, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least that is logged: debug, info, warning or error."
    )
    format: Literal["console", "json"] = Field(
        "console", description="console for people, json (one object a line) for programs."
    )
