"""Where a peer may be: on this machine, or at a host that the operator listed, however that is written."""

from __future__ import annotations

import pytest

from paybridge.rails._address import bare_hosts, may_be_at, root_of


@pytest.mark.parametrize(
    ("url", "listed", "allowed"),
    [
        ("http://127.0.0.1:5000", (), True),
        ("http://[::1]:5000", (), True),
        ("http://LOCALHOST", (), True),
        ("https://bank.example", (), False),
        ("https://Bank.Example", ("BANK.example",), True),
        ("https://[2001:db8::7]", ("[2001:db8::7]",), True),
        ("https://[2001:db8::7]", ("2001:DB8::7",), True),
        ("https://127.0.0.1.example", (), False),
        ("https://other.example", ("bank.example",), False),
    ],
)
def test_a_peer_may_be_here_or_where_the_operator_says(
    url: str, listed: tuple[str, ...], *, allowed: bool
) -> None:
    assert may_be_at(root_of(url), bare_hosts(listed)) is allowed


@pytest.mark.parametrize("host", ["", "https://bank.example", "me@bank.example", "*.example", "a b"])
def test_only_bare_hosts_are_listed(host: str) -> None:
    with pytest.raises(ValueError, match="bare host names"):
        bare_hosts((host,))


@pytest.mark.parametrize(
    "url",
    ["ftp://h", "http://", "http://h:0", "http://h:x", "http://a@h", "http://h?q", "http://h#f", "http://é"],
)
def test_what_is_no_root_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be http"):
        root_of(url)
