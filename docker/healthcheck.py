"""Whether the process in this container answers /healthz; no more is imported than that takes."""

from __future__ import annotations

import http.client
import os
import sys

PATIENCE_SECONDS = 4
OK = 200


def main() -> int:
    """0 if it answers that it is alive, else 1 and why."""
    host, _, port = os.environ["PAYBRIDGE__WEB__LISTEN"].rpartition(":")
    # An address that stands for every one is asked at this machine's own.
    host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104  it is compared with, not listened on
    asking = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
    try:
        asking.request("GET", "/healthz")
        status = asking.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"{host}:{port} does not answer: {error}\n")
        return 1
    finally:
        asking.close()
    sys.stdout.write(f"{host}:{port} answers {status}\n")
    return 0 if status == OK else 1


if __name__ == "__main__":
    sys.exit(main())
