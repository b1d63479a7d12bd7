"""The command `paybridge` with failpoints armed: `FAILPOINTS=... python -m tests.crashes.armed run ...`."""

from __future__ import annotations

import os

from paybridge.__main__ import main
from paybridge.failpoints import arm

if __name__ == "__main__":
    arm(os.environ["FAILPOINTS"])
    main()
