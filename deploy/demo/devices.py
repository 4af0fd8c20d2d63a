"""Makes the demonstration's fleet: 2,000 pumps and gateways at three sites, of three methods."""

import csv
import hashlib
import io
from collections.abc import Iterator

COUNT = 2000
HEADING = ("device", "product", "version", "hardware", "site", "market", "method", "udi_di", "lot")
_SITES = (("hospital-north", "DE"), ("hospital-coast", "NL"), ("hospital-lake", "US"))
_METHODS = ("automatic", "automatic", "automatic", "manual", "physical")
"""Three of five are reached by the network; the others need a person at the device."""


def rows() -> Iterator[tuple[str, ...]]:
    """Give each device: three quarters gateways, the rest pumps; the same every time."""
    for number in range(COUNT):
        gateway = number % 4 != 0
        product = "link-gateway" if gateway else "infusion-pump"
        version = "5.1.0" if gateway else "2.4.0"
        site, market = _SITES[number % 2 if gateway else number // 4 % 3]
        serial = hashlib.sha256(f"{product} {number}".encode()).hexdigest()[:12]
        yield (
            f"{'g' if gateway else 'p'}-{serial}", product, version, "G1" if gateway else "B2",
            site, market, _METHODS[number // 4 % len(_METHODS)],
            "00000000000017" if gateway else "00000000000024", f"L{number // 250:02}",
        )  # fmt: skip


def as_csv() -> bytes:
    """Write the fleet as the device file that intake reads."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADING)
    writer.writerows(rows())
    return text.getvalue().encode()
