"""A throwaway homeserver and people to talk with, for `make demo` and the tests."""
