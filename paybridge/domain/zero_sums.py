"""The fewest payments that bring sums of several people, which come to nothing together, to nothing each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_TRIED: Final = 12
"""People up to whom every way is tried, which takes `2 ** MOST_TRIED` looks; it is NP-hard in general."""

Left = tuple[str, int]


def payments(left: Mapping[str, int]) -> tuple[tuple[str, str, int], ...]:
    """Who pays whom how many minor units, so that nobody has anything left to get (positive) or to give.

    The sums come to zero. A group whose sums come to zero settles with one payment less than it has members:
    so many groups as possible mean as few payments as possible. They are found exactly for up to `MOST_TRIED`
    people, not counting pairs that owe each other exactly; more settle with one payment less than they are.
    """
    open_ = sorted((person, minor) for person, minor in left.items() if minor)
    pairs, rest = _pairs(open_)
    groups = [*pairs, *(_groups(rest) if len(rest) <= MOST_TRIED else [rest])]
    return tuple(sorted(payment for group in groups for payment in _within(group)))


def _pairs(left: Sequence[Left]) -> tuple[list[list[Left]], list[Left]]:
    """Those who have exactly what one other needs, and the rest.

    A pair never costs a group: what is left of the two groups that it is taken from comes to zero together.
    """
    pairs: list[list[Left]] = []
    rest: list[Left] = []
    for one in left:
        other = next((each for each in rest if each[1] == -one[1]), None)
        if other is None:
            rest.append(one)
        else:
            rest.remove(other)
            pairs.append([other, one])
    return pairs, rest


def _groups(left: Sequence[Left]) -> list[list[Left]]:
    """As many groups as there can be whose sums each come to zero.

    For each set of people, in which order can they be taken so that most often the sum so far is zero? The
    sum of a set does not depend on its order, so that the best order of a set extends one of a smaller set.
    """
    sums, best, last = [0], [0], [0]
    for taken in range(1, 1 << len(left)):
        lowest = taken & -taken
        sums.append(sums[taken ^ lowest] + left[lowest.bit_length() - 1][1])
        members = [place for place in range(len(left)) if taken >> place & 1]
        chosen = max(members, key=lambda place: best[taken ^ 1 << place])
        best.append(best[taken ^ 1 << chosen] + (not sums[taken]))
        last.append(chosen)
    groups: list[list[Left]] = []
    taken = (1 << len(left)) - 1
    while taken:
        if not sums[taken]:
            groups.append([])
        groups[-1].append(left[last[taken]])
        taken ^= 1 << last[taken]
    return groups


def _within(group: Sequence[Left]) -> list[tuple[str, str, int]]:
    """Whoever owes most pays whoever gets most: each payment brings one to nothing, and the last one two."""
    left = dict(group)
    found: list[tuple[str, str, int]] = []
    while any(left.values()):
        debtor = min(left, key=lambda person: (left[person], person))
        creditor = min(left, key=lambda person: (-left[person], person))
        minor = min(-left[debtor], left[creditor])
        left[debtor] += minor
        left[creditor] -= minor
        found.append((debtor, creditor, minor))
    return found
