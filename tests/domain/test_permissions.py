"""The most exact name decides what somebody may do, and whom nothing names may do nothing."""

from __future__ import annotations

import pytest

from paybridge.domain.permissions import Permissions, Role

ROLES = Permissions({"@eve:hs": Role.BLOCKED, "hs:8448": Role.MERCHANT, "hs": Role.USER})


@pytest.mark.parametrize(
    ("mxid", "role"),
    [
        ("@eve:hs", Role.BLOCKED),
        ("@ann:hs", Role.USER),
        ("@ann:hs:8448", Role.MERCHANT),
        ("@ann:HS", Role.BLOCKED),
        ("@ann:evil.hs", Role.BLOCKED),
        ("hs", Role.BLOCKED),
        ("", Role.BLOCKED),
    ],
)
def test_the_id_counts_before_its_server_and_strangers_are_blocked(mxid: str, role: Role) -> None:
    assert ROLES.role_of(mxid) is role


def test_a_star_is_everyone_else() -> None:
    roles = Permissions({"hs": Role.ADMIN, "*": Role.RECEIVE})

    assert roles.role_of("@ann:hs") is Role.ADMIN
    assert roles.role_of("@ann:far.example") is Role.RECEIVE


def test_roles_are_found_by_the_names_in_the_config() -> None:
    assert [Role.named(role.label) for role in Role] == list(Role)
    assert sorted(Role) == [Role.BLOCKED, Role.RECEIVE, Role.USER, Role.MERCHANT, Role.ADMIN]
    with pytest.raises(ValueError, match="boss"):
        Role.named("boss")
