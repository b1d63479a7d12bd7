"""The SQLite engine: one file, one writing thread, reads in the event loop."""
