"""The only package that knows nio: events in, messages out, keys and senders."""
