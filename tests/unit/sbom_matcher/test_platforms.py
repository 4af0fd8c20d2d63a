"""Claims that hold on a platform only: affected where it is shown, unknown where it is not."""

from datetime import UTC, datetime

from schemas.advisories import Assertion, Platform, Range, Status, Target, TargetKind
from schemas.findings import Verdict
from schemas.sboms import Component
from services.sbom_matcher.domain import claims, handles, matching
from services.sbom_matcher.domain.matching import PLATFORM_UNCONFIRMED, Met, Stated, Stock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def cpe(part: str, product: str) -> str:
    return f"cpe:2.3:{part}:acme:{product}:*:*:*:*:*:*:*:*"


def platform(product: str, *ranges: Range) -> Platform:
    return Platform(target=Target(kind=TargetKind.CPE, cpe=cpe("h", product)), ranges=ranges)


def claim(*groups: tuple[Platform, ...], status: Status = Status.AFFECTED) -> Stated:
    assertion = Assertion(
        asserter="cna",
        target=Target(kind=TargetKind.CPE, cpe=cpe("o", "firmware")),
        status=status,
        ranges=(Range(fixed="2.0"),),
        platforms=groups,
    )
    [found] = claims.read([assertion])
    return Stated(0, "CVE-2026-0001", "cve/CVE-2026-0001", NOW, found)


def piece(part: str, product: str, version: str | None, hardware: str = "") -> Stock:
    component = Component(ref="r", name=product, version=version, cpe=cpe(part, product))
    return Stock("pump", "1", hardware, product, handles.of_component(component))


def met(stated: Stated, *stock: Stock) -> list[Met]:
    found = matching.match(stock, [stated], NOW)
    return [each for mets in found.values() for each in mets]


FIRMWARE = piece("o", "firmware", "1.0")
BOARD = piece("h", "board", "3.1")


def test_a_platform_in_the_same_product_version_confirms_the_claim() -> None:
    [found] = met(claim((platform("board"),)), FIRMWARE, BOARD)
    assert found.verdict is Verdict.AFFECTED


def test_a_platform_that_nobody_shows_leaves_it_unknown_with_the_reason() -> None:
    [found] = met(claim((platform("board"),)), FIRMWARE)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, PLATFORM_UNCONFIRMED)


def test_one_platform_of_each_group_is_needed() -> None:
    groups = ((platform("board"), platform("other")), (platform("radio"),))
    [found] = met(claim(*groups), FIRMWARE, BOARD)
    assert found.verdict is Verdict.UNKNOWN
    [found] = met(claim(*groups), FIRMWARE, BOARD, piece("h", "radio", None))
    assert found.verdict is Verdict.AFFECTED


def test_a_platform_that_is_there_in_another_version_only_makes_the_claim_say_nothing() -> None:
    limited = (platform("board", Range(fixed="3.0")),)
    assert not met(claim(limited), FIRMWARE, BOARD)
    assert not met(claim(limited, (platform("radio"),)), FIRMWARE, BOARD)


def test_an_alternative_that_nobody_shows_or_can_read_keeps_it_unknown() -> None:
    limited = platform("board", Range(fixed="3.0"))
    unreadable = Platform(target=Target(kind=TargetKind.NAME, product="n/a"))
    for other in (platform("other"), platform("board", Range(unparsed="some")), unreadable):
        [found] = met(claim((limited, other)), FIRMWARE, BOARD)
        assert (found.verdict, found.reason) == (Verdict.UNKNOWN, PLATFORM_UNCONFIRMED)


def test_a_platform_whose_own_version_cannot_be_read_keeps_it_unknown() -> None:
    limited = claim((platform("board", Range(fixed="3.0")),))
    [found] = met(limited, FIRMWARE, piece("h", "board", "odd one"))
    assert found.reason == PLATFORM_UNCONFIRMED


def test_a_platform_named_without_versions_is_not_refuted_by_one() -> None:
    [found] = met(claim((platform("board", Range(exact=("-",))),)), FIRMWARE, BOARD)
    assert found.reason == PLATFORM_UNCONFIRMED


def test_a_platform_in_a_version_that_is_meant_confirms() -> None:
    limited = claim((platform("board", Range(fixed="3.0")),))
    [found] = met(limited, FIRMWARE, piece("h", "board", None))
    assert found.verdict is Verdict.UNKNOWN
    [found] = met(limited, FIRMWARE, piece("h", "board", "2.9"))
    assert found.verdict is Verdict.AFFECTED


def test_a_platform_of_another_hardware_configuration_does_not_confirm() -> None:
    here, there = piece("o", "firmware", "1.0", "A"), piece("h", "board", "3.1", "B")
    [found] = met(claim((platform("board"),)), here, there)
    assert found.verdict is Verdict.UNKNOWN


def test_what_would_clear_it_says_nothing_without_its_platform() -> None:
    cleared = claim((platform("board"),), status=Status.NOT_AFFECTED)
    assert met(cleared, FIRMWARE) == []
    [found] = met(cleared, FIRMWARE, BOARD)
    assert found.verdict is Verdict.NOT_AFFECTED


def test_a_platform_that_cannot_be_read_is_never_shown() -> None:
    unread = claim((platform("board", Range(unparsed="some", reason="not a version")),))
    [found] = met(unread, FIRMWARE, BOARD)
    assert found.verdict is Verdict.UNKNOWN
