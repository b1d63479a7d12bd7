"""Health, figures, the webhooks of rails, and pages for people, over HTTP; it never speaks to a room."""

from paybridge.web.browser import Gate
from paybridge.web.checkout import CheckoutPages
from paybridge.web.guard import UnknownRailError
from paybridge.web.health import Check
from paybridge.web.hooks import TakeWebhook
from paybridge.web.metrics import Metrics
from paybridge.web.server import WebError, WebServer, serve_web
from paybridge.web.shop_view import ShopPages
from paybridge.web.visiting import Visiting
from paybridge.web.wording import Wording

__all__ = [
    "Check",
    "CheckoutPages",
    "Gate",
    "Metrics",
    "ShopPages",
    "TakeWebhook",
    "UnknownRailError",
    "Visiting",
    "WebError",
    "WebServer",
    "Wording",
    "serve_web",
]
