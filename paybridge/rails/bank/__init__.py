"""The bank: collects from linked accounts and pays out to them, against the bank simulator's provider API."""

from paybridge.rails.bank.rail import BankRail

__all__ = ["BankRail"]
