"""Lightning through LNbits on a sandbox: collects by invoices, pays out to lightning addresses."""

from paybridge.rails.lightning.rail import LightningRail

__all__ = ["LightningRail"]
