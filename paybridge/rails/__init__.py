"""The ways money travels outside PayBridge: one file per rail."""
