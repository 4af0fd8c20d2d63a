"""What a person found in the public records for the medical device, range by range.

Every record of the CVE, CSAF, OSV and KEV collections that names a component of the device, its
maker or a longer name with the component's inside, was read; facts only, in our words.
`tests/public_data/test_matching.py` holds the matcher to it.
"""

from dataclasses import dataclass

RECORDS = {
    "cve/cve-5.1.jsonl.xz": 22_089,
    "csaf/icsma.jsonl.xz": 73,
    "csaf/ot.jsonl.xz": 1_162,
    "osv/go.jsonl.xz": 2_144,
    "osv/pypi.jsonl.xz": 1_394,
}
"""Records of each collection of advisories; the counts below hold for these."""

KEV_ENTRIES = 1_404

COUNTS = {
    "medical-device": {"affected": 6, "unknown(no_range)": 1},
    "imaging-system": {"affected": 29, "not_affected": 1},
    "example": {"affected": 122, "not_affected": 41, "unknown(no_range)": 18},
    "container": {
        "affected": 628,
        "not_affected": 24,
        "unknown(unparsed_version)": 101,
        "unknown(unparsed_range)": 11,
        "unknown(git_range)": 1,
    },
}
"""Verdicts by collection of SBOMs, of unknown ones by reason. A change here is a change of what is
found: look at what came or went before you write the new number."""

EXPLOITED = {("imaging", "CVE-2020-1938")}
"""Findings of something that the catalogue of known exploited vulnerabilities lists."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A finding as it must be: `ranges` are what each asserter says, as read by a person."""

    vulnerability: str
    component: str
    verdict: str
    ranges: tuple[tuple[str, str], ...]
    why: str


FINDINGS = (
    Reviewed(
        "CVE-2023-6935", "WolfSSL@4.8.1", "affected",
        (("wolfSSL", "3.12.2 to 5.6.4, both included"),),
        "4.8.1 lies between 3.12.2 and 5.6.4",
    ),
    Reviewed(
        "CVE-2023-6936", "WolfSSL@4.8.1", "affected",
        (("wolfSSL", "up to 5.6.5, included"), ("adp:CISA-ADP", "up to 5.6.5, included")),
        "4.8.1 is below 5.6.5",
    ),
    Reviewed(
        "CVE-2023-6937", "WolfSSL@4.8.1", "affected",
        (("wolfSSL", "up to 5.6.4, included"), ("adp:CISA-ADP", "up to 5.64, included")),
        "4.8.1 is below 5.6.4; the ADP's 5.64 is a slip of the pen that changes nothing here",
    ),
    Reviewed(
        "CVE-2024-0901", "WolfSSL@4.8.1", "affected",
        (
            ("wolfSSL", "3.12.2 to 5.6.6, both included"),
            ("adp:CISA-ADP", "3.12.2 to 5.6.6, both included"),
        ),
        "4.8.1 lies between 3.12.2 and 5.6.6",
    ),
    Reviewed(
        "CVE-2024-1543", "WolfSSL@4.8.1", "affected",
        (("wolfSSL", "up to 5.6.5, included"),),
        "4.8.1 is below 5.6.5; the ADP speaks of wolfcrypt, which is another CPE product",
    ),
    Reviewed(
        "CVE-2024-21907", "Newtonsoft.Json@9.0.1", "affected",
        (("VulnCheck", "below 13.0.1"),),
        "9.0.1 is below 13.0.1",
    ),
    Reviewed(
        "CVE-2024-21473", "Qualcomm Atheros QCA9563@None", "unknown",
        (("qualcomm", "`QCA9563` in the place of a version of Snapdragon"),),
        "the chip is named; which versions of its firmware are meant, nobody says",
    ),
)  # fmt: skip
"""What must be found, and nothing else may be."""

NAMED_OTHERWISE = {
    ("CVE-2024-29857", "BouncyCastle@1.8.1"): (
        "up to 2.3.0 of `bouncycastle:bc_c_.net`: the SBOM's CPE and purl call the same library "
        "`bouncycastle`, and no record at hand says that both are one"
    ),
}
"""What bears on the device by a person's reading, but by no identifier: known gaps of the data.

They are met once the SBOM gives the name that the records use; a test shows it.
"""

OTHER_THINGS = {
    "CVE-2024-32146": "a plug-in that exports to Aspose.Words",
    "CVE-2024-24850": "a plug-in for jQuery",
    "CVE-2024-37247": "a plug-in for jQuery",
    "CVE-2024-4783": "a plug-in for jQuery",
    "CVE-2023-40669": "a plug-in for jQuery",
    "CVE-2022-36279": "a router named QUARTZ-GOLD",
    "CVE-2022-38088": "a router named QUARTZ-GOLD",
    "CVE-2022-38451": "a router named QUARTZ-GOLD",
    "CVE-2024-10122": "a server whose name holds the letters of EPPlus",
    "CVE-2024-10128": "a server whose name holds the letters of EPPlus",
    "CVE-2024-33225": "a driver whose name holds the letters of NAudio",
}
"""Products whose names only contain a component's: they must never be found."""
