"""What the commands of shops need of the house beside the frame: items, orders, hours, and who acts."""

from __future__ import annotations

from paybridge.domain.invoice import Line
from paybridge.domain.opening import read_hours
from paybridge.domain.sale import Item, SaleState, looks_like_order, read_page, read_wanted
from paybridge.domain.shop import Shop
from paybridge.domain.shop_staff import ActOfShop, Right, is_right, read_rights
from paybridge.services.orders import Counter, menu_row
from paybridge.services.serving import Placed
from paybridge.services.shops import opens_next
from paybridge.services.staffing import rights_facts
from paybridge.services.stock import lines_of

__all__ = [
    "ActOfShop",
    "Counter",
    "Item",
    "Line",
    "Placed",
    "Right",
    "SaleState",
    "Shop",
    "is_right",
    "lines_of",
    "looks_like_order",
    "menu_row",
    "opens_next",
    "read_hours",
    "read_page",
    "read_rights",
    "read_wanted",
    "rights_facts",
]
