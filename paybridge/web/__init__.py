"""Health, figures and the webhooks of rails, over HTTP; it never speaks to a room."""

from paybridge.web.guard import UnknownRailError
from paybridge.web.health import Check
from paybridge.web.hooks import TakeWebhook
from paybridge.web.metrics import Metrics
from paybridge.web.server import WebError, WebServer, serve_web

__all__ = ["Check", "Metrics", "TakeWebhook", "UnknownRailError", "WebError", "WebServer", "serve_web"]
