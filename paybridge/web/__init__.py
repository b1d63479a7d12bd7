"""One-time links, receipts, rail webhooks, health and metrics."""
