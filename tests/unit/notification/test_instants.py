"""An instant that a person states has passed, and lies after the product began to exist."""

from datetime import UTC, date, datetime, timedelta

from schemas.catalogue import ProductRegistered, ProductVersion
from services.notification.domain.instants import impossible

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def product(*released: date | None) -> ProductRegistered:
    versions = tuple(
        ProductVersion(version=f"{n}.0", released_on=day) for n, day in enumerate(released)
    )
    return ProductRegistered(
        product="gateway", name="Gateway", entity="maker", versions=versions, registered_at=NOW
    )


def test_the_future_is_refused_and_a_clock_a_little_ahead_tolerated() -> None:
    assert impossible(NOW + timedelta(minutes=4), NOW) is None
    why = impossible(NOW + timedelta(minutes=6), NOW)
    assert why is not None
    assert why.reason == "lies in the future"


def test_what_lies_before_the_first_release_is_refused_with_its_day() -> None:
    why = impossible(LONG_AGO, NOW, [product(date(2024, 5, 1), date(2026, 1, 1))])
    assert why is not None
    assert "before gateway existed" in why.reason
    assert "2024-05-01" in why.reason
    assert impossible(NOW, NOW, [product(date(2024, 5, 1))]) is None


def test_where_a_release_day_is_not_stated_the_product_may_have_existed() -> None:
    assert impossible(LONG_AGO, NOW, [product(date(2024, 5, 1), None)]) is None
    assert impossible(LONG_AGO, NOW) is None


def test_of_several_products_it_is_enough_that_one_existed() -> None:
    old, new = product(date(1998, 1, 1)), product(date(2024, 5, 1))
    assert impossible(LONG_AGO, NOW, [new, old]) is None
