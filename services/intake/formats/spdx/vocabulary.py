"""SPDX's words in ours: purposes as component kinds, hash algorithms, who supplied.

From the SPDX specifications 2.3 (clause 7) and 3.0.1 (Software and Core profiles); kinds and
algorithms are spelled as in CycloneDX, which the contracts follow.
"""

import re

_KINDS = {
    "application": "application",
    "install": "application",
    "framework": "framework",
    "container": "container",
    "platform": "platform",
    "operatingsystem": "operating-system",
    "device": "device",
    "devicedriver": "device-driver",
    "firmware": "firmware",
    "file": "file",
    "archive": "file",
    "data": "data",
    "model": "machine-learning-model",
}
_SHA = re.compile(r"sha(1|224|256|384|512)")
_SHA3 = re.compile(r"sha3[-_]?(224|256|384|512)")
_BLAKE2B = re.compile(r"blake2b[-_]?(256|384|512)")
_UNSAID = frozenset({"NOASSERTION", "NONE"})


def kind(purpose: str | None) -> str:
    """The component kind of a primary package purpose; what has none is a library."""
    word = (purpose or "").replace("-", "").replace("_", "").lower()
    return _KINDS.get(word, "library")


def algorithm(written: str) -> str:
    """A hash algorithm's usual name, such as `SHA-256`; one unknown to us stays as it is."""
    name = written.lower()
    if found := _SHA.fullmatch(name):
        return f"SHA-{found[1]}"
    if found := _SHA3.fullmatch(name):
        return f"SHA3-{found[1]}"
    if found := _BLAKE2B.fullmatch(name):
        return f"BLAKE2b-{found[1]}"
    return {"md5": "MD5", "blake3": "BLAKE3"}.get(name, written)


def said(value: str | None) -> str | None:
    """The value; NOASSERTION and NONE say nothing."""
    return None if value in _UNSAID else value


def agent(written: str | None) -> str | None:
    """The name in `Organization: NAME (mail)` or `Person: NAME (mail)`; mail never travels."""
    value = said(written)
    if value is None:
        return None
    kind_, colon, rest = value.partition(":")
    name = rest.strip() if colon and kind_ in {"Organization", "Person", "Tool"} else value
    shorter, opened, mail = name.rpartition("(")
    if opened and mail.endswith(")") and ("@" in mail or mail == ")"):
        name = shorter.strip()
    return said(name) or None
