"""What people type in chat: one file per command."""
