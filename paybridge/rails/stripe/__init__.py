"""Stripe in test mode: collects from cards."""

from paybridge.rails.stripe.rail import StripeRail

__all__ = ["StripeRail"]
