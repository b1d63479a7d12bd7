"""Verification by short codes: people see that the bot is itself, the operator that people are."""
