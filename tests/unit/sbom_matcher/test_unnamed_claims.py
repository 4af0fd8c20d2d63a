"""Claims that name nothing: counted for people, and no finding on every product."""

import pytest

from schemas.advisories import Assertion, Status, Target, TargetKind
from services.sbom_matcher.domain import unnamed

N_A = Target(kind=TargetKind.NAME, vendor="n/a", product="n/a")
ANYTHING = Target(kind=TargetKind.CPE, cpe="cpe:2.3:a:*:*:*:*:*:*:*:*:*:*")
VENDORS = Target(kind=TargetKind.CPE, cpe="cpe:2.3:a:gnu:*:*:*:*:*:*:*:*:*")
LODASH = Target(kind=TargetKind.PURL, purl="pkg:npm/lodash", vendor=None, product="Lodash")
SPOKEN = Target(kind=TargetKind.NAME, vendor=None, product="Lodash")


def said(*targets: Target, status: Status = Status.AFFECTED) -> list[Assertion]:
    return [Assertion(asserter="cna", target=each, status=status) for each in targets]


@pytest.mark.parametrize(
    ("targets", "count"),
    [((N_A,), 1), ((ANYTHING,), 1), ((N_A, ANYTHING), 2), ((VENDORS,), 0), ((LODASH,), 0)],
)
def test_what_names_neither_vendor_nor_product_is_counted(
    targets: tuple[Target, ...], count: int
) -> None:
    assert unnamed.count(said(*targets)) == count


def test_a_name_that_another_identifier_tells_is_none_of_them() -> None:
    assert unnamed.count(said(SPOKEN)) == 1
    assert unnamed.count(said(SPOKEN, LODASH)) == 0


def test_what_would_clear_is_not_missed() -> None:
    assert unnamed.count(said(N_A, status=Status.NOT_AFFECTED)) == 0
