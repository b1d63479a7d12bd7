"""Whatever is wrong with a config is told in one line that names the key and shows no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paybridge.config import Config, ConfigError, load_config

Load = Callable[..., Config]
Written = dict[str, Any]


def put(tree: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    *sections, last = key.split("/")
    inner = tree
    for section in sections:
        inner = inner.setdefault(section, {})
    inner[last] = value
    return tree


ONE_MISTAKE = [
    ("homeserver/url", "matrix.example.org", "homeserver.url: must begin with http:// or https://"),
    ("homeserver/url", "http://", "homeserver.url: is not a web address"),
    ("homeserver/url", "http://a b", "homeserver.url: is not a web address"),
    (
        "homeserver/url",
        "http://me:secret@hs",
        "homeserver.url: must hold a host and perhaps a port and a path, no user, query or fragment",
    ),
    ("homeserver/url", None, "homeserver.url: is missing"),
    (
        "homeserver/user_id",
        "bot",
        "homeserver.user_id: must be a full Matrix id such as @paybridge:example.org",
    ),
    (
        "homeserver/access_token",
        "syt_abc",
        "homeserver.password: give either a password, or an access_token with its device_id",
    ),
    (
        "homeserver/password",
        None,
        "homeserver.password: give either a password, or an access_token with its device_id",
    ),
    ("homeserver/device_id", "ABC", "homeserver.device_id: goes with access_token: give both or neither"),
    ("homeserver/pasword", "x", "homeserver.pasword: no such key, did you mean homeserver.password?"),
    ("homeserver/password", "", "homeserver.password: should have at least 1 item after validation, not 0"),
    ("homserver", {}, "homserver: no such key, did you mean homeserver?"),
    ("homeserver_url", "x", "homeserver_url: no such key, did you mean homeserver.url?"),
    ("qwertzuiop", 1, "qwertzuiop: no such key"),
    (
        "database/url",
        "postgresql://x",
        "database.url: must be postgresql+asyncpg://user:password@host/database",
    ),
    (
        "database/url",
        "sqlite+aiosqlite:///:memory:",
        "database.url: must name a file; books in memory would be gone at the next start",
    ),
    (
        "database/url",
        "mysql://x",
        "database.url: must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://",
    ),
    ("web/listen", "8080", "web.listen: must be host:port such as 127.0.0.1:8080; port 0 takes any free one"),
    (
        "web/listen",
        "127.0.0.1:65536",
        "web.listen: must be host:port such as 127.0.0.1:8080; port 0 takes any free one",
    ),
    (
        "web/public_url",
        "http://pay.example.org",
        "web.public_url: must begin with https://; only on this machine itself, http:// will do",
    ),
    (
        "web/public_url",
        "https://päy.example.org",
        "web.public_url: must be written as browsers do: in ASCII",
    ),
    ("web/listen", "::1:80", "web.listen: an IPv6 address stands in brackets: [::1]:8080"),
    ("permissions/@ann:hs", "boss", "permissions.@ann:hs: must be blocked, receive, user, merchant or admin"),
    ("permissions/@ann", "user", "permissions.@ann: must be a full Matrix id such as @paybridge:example.org"),
    ("admins", ["ann"], "admins[0]: must be a full Matrix id such as @paybridge:example.org"),
    ("currency", "EURO", "currency: 'EURO' is not a currency"),
    ("region", "moon", "region: should be 'eu', 'in', 'br', 'us' or 'cn'"),
    ("language", "tlh", "language: should be 'en' or 'zh'"),
    ("rails/pidgeon", {}, "rails.pidgeon: no such key, did you mean rails.pigeon?"),
    ("rails/pigeon", None, "rails.pigeon.loft: is missing"),
    (
        "rails/pigeon",
        {"lot": "x"},
        "rails.pigeon.lot: no such key, did you mean rails.pigeon.loft? (and 1 more)",
    ),
    ("rails", ["pigeon"], "rails: should be a valid dictionary"),
    (
        "verification/required",
        "blind",
        (
            "verification.required: must be unverified, cross-signed-untrusted, cross-signed-tofu or "
            "cross-signed-verified"
        ),
    ),
    (
        "approval/without_factor/each",
        30.5,
        'approval.without_factor.each: must stand in quotes, as in "30.00", to be read exactly',
    ),
    (
        "approval/without_factor/each",
        "30.001",
        "approval.without_factor.each: '30.001' has more than the 2 decimals of EUR",
    ),
    ("approval/without_factor/total", "-1", "approval.without_factor.total: cannot be below zero"),
    (
        "approval/without_factor/others",
        {"INR": {"each": "2500"}},
        "approval.without_factor.others.INR.total: is missing",
    ),
    (
        "approval/without_factor/others",
        {"INR": {"each": "2500", "total": "0.001"}},
        "approval.without_factor.others.INR.total: '0.001' has more than the 2 decimals of INR",
    ),
    (
        "approval/without_factor/others",
        {"RUPEES": {"each": "2500", "total": "8000"}},
        "approval.without_factor.others.RUPEES.each: 'RUPEES' is not a currency",
    ),
    ("policy/limit", "ten", "policy.limit: 'ten' is not a plain decimal number"),
    ("policy/receipts", "secret", "policy.receipts: should be 'public' or 'private'"),
    ("cards/minutes", 0, "cards.minutes: should be greater than or equal to 1"),
    (
        "vault",
        {"master_key": "x", "master_key_file": "y"},
        "vault.master_key: give this or master_key_file, not both",
    ),
    ("logging/level", "loud", "logging.level: should be 'debug', 'info', 'warning' or 'error'"),
]


@pytest.mark.parametrize(("key", "value", "line"), ONE_MISTAKE)
def test_a_mistake_is_one_line_that_names_the_key(
    load: Load, written: Written, key: str, value: object, line: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(put(written, key, value))

    assert str(caught.value) == f"config: {line}"


def test_of_several_mistakes_the_first_is_told_and_the_others_counted(load: Load, written: Written) -> None:
    written |= {"cards": {"minutes": 0}, "claims": {"days": 0}, "colour": "red"}

    with pytest.raises(ConfigError) as caught:
        load(written)

    assert str(caught.value) == "config: colour: no such key (and 2 more)"


@pytest.mark.parametrize("secret", ["sk_live_abc", "rk_live_abc", "whsec_live_abc", "live_" + "a" * 30])
@pytest.mark.parametrize("key", ["homeserver/device_name", "rails/pigeon/ring", "nonsense/deep"])
def test_a_live_credential_is_refused_wherever_it_stands(
    load: Load, written: Written, key: str, secret: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(put(written, key, secret))

    dotted = key.replace("/", ".")
    assert (
        str(caught.value)
        == f"config: {dotted}: holds a live credential; PayBridge takes only test credentials"
    )


def test_a_live_credential_in_a_file_or_list_is_refused_too(
    load: Load, written: Written, tmp_path: Path
) -> None:
    (tmp_path / "ring").write_text("sk_live_abc")
    in_file = {"pigeon": {"loft": "Dover", "ring_file": str(tmp_path / "ring")}}

    with pytest.raises(ConfigError, match=r"config: rails\.pigeon\.ring: holds a live credential"):
        load(written | {"rails": in_file})
    with pytest.raises(ConfigError, match=r"config: admins\[1\]: holds a live credential"):
        load(written | {"admins": ["@ann:hs", "sk_live_abc"]})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "homeserver:\n  url: a\n  password: hush1\n  password: hush2\n",
            "the key password stands there twice",
        ),
        ("a: [", "is not YAML"),
        ("a: b: hush1", "is not YAML"),
        ("- hush1", "must hold keys and values"),
        ("hush1", "must hold keys and values"),
        ("a: !!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_broken_yaml_is_one_line_without_any_value(load: Load, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)

    line = str(caught.value)
    assert fault in line
    assert "\n" not in line
    assert "hush" not in line


def test_an_unknown_variable_is_refused_by_its_own_name(load: Load, written: Written) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written, {"PAYBRIDGE__HOMESERVR__URL": "http://hs"})

    assert str(caught.value) == (
        "config: PAYBRIDGE__HOMESERVR__URL: no such key, did you mean homeserver.url?"
    )


def test_a_secret_is_not_given_twice(load: Load, written: Written, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    written["homeserver"]["password_file"] = "secret"

    with pytest.raises(ConfigError) as caught:
        load(written)

    assert str(caught.value) == "config: homeserver.password: give this or password_file, not both"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot read {}: No such file or directory"),
        (b"", "{} is empty"),
        (b"\xff", "{} is not text in UTF-8"),
    ],
)
def test_a_file_of_a_secret_that_holds_none_is_told_by_its_key(
    load: Load, written: Written, tmp_path: Path, content: bytes | None, fault: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load(written, {"PAYBRIDGE__HOMESERVER__PASSWORD_FILE": str(path)})

    assert str(caught.value) == "config: homeserver.password_file: " + fault.format(path)


def test_a_config_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.yaml", {})

    assert str(caught.value) == f"config: {tmp_path}/none.yaml: cannot be read: No such file or directory"


def test_an_admin_is_not_something_else_in_permissions(load: Load, written: Written) -> None:
    written |= {"admins": ["@ann:hs"], "permissions": {"@ann:hs": "blocked"}}

    with pytest.raises(ConfigError) as caught:
        load(written)

    assert str(caught.value) == "config: admins: @ann:hs has another role in permissions"
