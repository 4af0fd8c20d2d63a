"""Reads the CISA catalogue of known exploited vulnerabilities: a whole state each time."""

from schemas.signals import SignalSource
from services.intake.formats import limits
from services.intake.formats.canonical import Evidence, KevCatalogue
from services.intake.formats.cve import CVE_ID, KEV_REPORTER
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, instant, items, needed, text


def parse(catalogue: Node) -> KevCatalogue:
    """Read the catalogue.

    Raises:
        FormatError: an entry is faulty, the catalogue is empty, or holds fewer entries than it says
            (cut off): taking such a state would withdraw evidence that still stands.
    """
    released_at = instant(catalogue, "dateReleased", "")
    if released_at is None:
        raise FormatError(
            "missing", "`dateReleased` is missing", "send the file as published", "/dateReleased"
        )
    listed = limits.at_most(
        items(catalogue, "vulnerabilities", ""),
        limits.MAX_CLAIMS,
        "entries",
        "send the catalogue as published",
        "/vulnerabilities",
    )
    entries = tuple(_entry(entry, at) for at, entry in listed)
    stated = catalogue.get("count")
    if not entries or (stated is not None and stated != len(entries)):
        raise FormatError(
            "incomplete",
            f"{len(entries)} entries; the catalogue says {str(stated)[:20]}",
            "fetch the whole catalogue again",
            "/vulnerabilities",
        )
    by_identifier = {entry.identifier: entry for entry in entries}
    return KevCatalogue(released_at, tuple(by_identifier.values()))


def _entry(entry: Node, at: str) -> Evidence:
    identifier = needed(entry, "cveID", at)
    if not CVE_ID.match(identifier):
        raise FormatError(
            "bad_identifier",
            f"{identifier[:40]!r} is no CVE id",
            "write CVE-YYYY-NNNN",
            f"{at}/cveID",
        )
    ransomware = text(entry, "knownRansomwareCampaignUse", at)
    return Evidence(
        SignalSource.KEV,
        identifier,
        KEV_REPORTER,
        instant(entry, "dateAdded", at),
        text(entry, "vulnerabilityName", at) or "listed as known exploited",
        True if ransomware == "Known" else None,
    )
