"""The bank simulator: a program of its own that a rail can treat as it would a real bank."""

from paybridge.bank.bank import Bank
from paybridge.bank.errors import BankStartError
from paybridge.bank.options import BankOptions
from paybridge.bank.program import bank_command, running_bank, serve

__all__ = ["Bank", "BankOptions", "BankStartError", "bank_command", "running_bank", "serve"]
