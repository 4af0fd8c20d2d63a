"""Keys of versions as people write them: packs and updates set off by a blank join the version.

`V4.8 HF4`, `V16 Update 4` and `2018 R2 SP1` are one version each; the generic scheme orders them
once nothing but signs stands between the parts.
"""

import re

from services.sbom_matcher.domain import versions
from services.sbom_matcher.domain.versions import NoKey

_PACK = re.compile(
    r"[\s_]+\(?(service\s+pack|sp|hotfix|hf|updates?|upd|patch|pl|build|revision|rev|cu|mr|fp|rc"
    r"|beta|[pru])[\s.#]?(\d+)\)?",
    re.IGNORECASE,
)
_SHORT = {"service pack": "sp", "upd": "update", "updates": "update"}


def key(scheme: str, text: str) -> bytes | NoKey:
    """Return a version's key in a scheme, or why it has none."""
    found = versions.stored_key(scheme, text)
    if isinstance(found, bytes) or scheme != versions.GENERIC or len(text) > versions.LONGEST:
        return found
    return versions.key(scheme, _PACK.sub(_joined, text))


def _joined(pack: re.Match[str]) -> str:
    word = " ".join(pack[1].lower().split())
    return f"-{_SHORT.get(word, word)}{pack[2]}"
