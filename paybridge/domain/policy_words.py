"""What people type behind `!policy`: a setting, and what it shall be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from paybridge.domain.amount_errors import UnknownCurrencyNameError
from paybridge.domain.amounts import find_amount
from paybridge.domain.currencies import EXPONENTS
from paybridge.domain.errors import UserError
from paybridge.domain.policy import Asking, Policy, Receipts, Setting

_NOTHING: Final = frozenset({"none", "no", "off", "-", "无"})
_SETTINGS: Final = {
    **{setting.value: setting for setting in Setting},
    "货币": Setting.CURRENCY,
    "收据": Setting.RECEIPTS,
    "请求": Setting.REQUESTS,
    "上限": Setting.LIMIT,
    "语言": Setting.LANGUAGE,
}
_RECEIPTS: Final = {
    **{choice.value: choice for choice in Receipts},
    "公开": Receipts.PUBLIC,
    "私密": Receipts.PRIVATE,
}
_REQUESTS: Final = {
    **{choice.value: choice for choice in Asking},
    # Whoever speaks in a room is a member of it.
    "members": Asking.ANYONE,
    "所有人": Asking.ANYONE,
    "管理员": Asking.MODERATORS,
    "无人": Asking.NOBODY,
}

NO_LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({})

Choice = TypeVar("Choice")


class NoSuchSettingError(UserError):
    """A policy has no such setting."""

    key = "error.no_such_setting"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


class NoSuchChoiceError(UserError):
    """The setting cannot be that."""

    key = "error.no_such_choice"

    def __init__(self, *, setting: str, typed: str, candidates: str) -> None:
        super().__init__(setting=setting, typed=typed, candidates=candidates)


def read_wish(
    words: str, default_currency: str, languages: Mapping[str, str] = NO_LANGUAGES
) -> tuple[Setting, Policy]:
    """The setting that is to change, and a policy in which only that one is made; a `UserError` otherwise.

    `languages` has the code of each language by each of its names.
    """
    name, _, rest = words.strip().partition(" ")
    setting = _SETTINGS.get(name.casefold())
    if setting is None:
        raise NoSuchSettingError(typed=name[:40])
    wish = rest.strip()
    match setting:
        case Setting.CURRENCY:
            return setting, Policy(currency=_currency(wish))
        case Setting.RECEIPTS:
            return setting, Policy(receipts=_choice(_RECEIPTS, setting, wish))
        case Setting.REQUESTS:
            return setting, Policy(requests=_choice(_REQUESTS, setting, wish))
        case Setting.LIMIT:
            if wish.casefold() in _NOTHING:
                return setting, Policy()
            amount, _ = find_amount(wish.split(), default_currency=default_currency)
            return setting, Policy(limit=amount.money)
        case Setting.LANGUAGE:
            return setting, Policy(language=_language(languages, wish))


def _language(languages: Mapping[str, str], wish: str) -> str | None:
    found = languages.get(wish.casefold())
    if found is None and wish.casefold() in _NOTHING:
        return None
    if found is None:
        codes = ", ".join(sorted(set(languages.values())))
        raise NoSuchChoiceError(setting=Setting.LANGUAGE.value, typed=wish[:40], candidates=codes)
    return found


def _currency(wish: str) -> str | None:
    if wish.casefold() in _NOTHING:
        return None
    code = wish.upper()
    if code not in EXPONENTS:
        raise UnknownCurrencyNameError(typed=wish[:40])
    return code


def _choice(choices: Mapping[str, Choice], setting: Setting, wish: str) -> Choice:
    found = choices.get(wish.casefold())
    if found is None:
        names = ", ".join(name for name in choices if name.isascii())
        raise NoSuchChoiceError(setting=setting.value, typed=wish[:40], candidates=names)
    return found
