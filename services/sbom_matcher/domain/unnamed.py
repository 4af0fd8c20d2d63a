"""Counts claims that name nothing which anything could be met by: a person is told of them.

A record that says vendor and product `n/a`, or a CPE name of any vendor's any product, bears on
what only its words tell. It can be no finding, for it would be one on every product.
"""

from collections.abc import Sequence

from schemas.advisories import Assertion, Status
from services.sbom_matcher.domain import claims

_BEARS = frozenset({Status.AFFECTED, Status.UNDER_INVESTIGATION})


def count(assertions: Sequence[Assertion]) -> int:
    """Count the claims of being affected without a key; what another identifier tells has one."""
    keyless = [each for each in assertions if not claims.idents_of(each)]
    if not keyless:
        return 0
    met = {_spoken(each) for each in assertions if claims.idents_of(each)}
    return len({each for each in keyless if _bears(each) and _spoken(each) not in met})


def _spoken(assertion: Assertion) -> tuple[str, str | None, str | None]:
    """Who names which product: a source may give one product several identifiers."""
    return assertion.asserter, assertion.target.vendor, assertion.target.product


def _bears(assertion: Assertion) -> bool:
    return bool({assertion.status, assertion.default_status} & _BEARS)
