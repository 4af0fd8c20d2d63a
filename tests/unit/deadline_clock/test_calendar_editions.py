"""Public holidays are editions: written once, pinned by packs, and never moved by an upgrade."""

import importlib.resources
from datetime import date

import pytest

from services.deadline_clock import calendar_edition
from services.deadline_clock.domain.calendar_editions import (
    LATEST,
    edition,
    editions,
    parsed,
)
from services.deadline_clock.domain.calendars import MEMBER_STATES, Calendar, calendar
from services.deadline_clock.domain.terms import CalendarName
from tests.unit.deadline_clock.facts import BOOK

FOLDER = importlib.resources.files("services.deadline_clock") / "calendars"
INSTITUTIONS = calendar(CalendarName.EU_INSTITUTIONS, None)


def test_the_installed_package_still_says_what_the_latest_edition_says() -> None:
    """Where this fails, days changed: write a new edition, and let packs take it up on purpose."""
    assert calendar_edition.main([]) == 0


def test_an_edition_is_never_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert calendar_edition.main([LATEST]) == 2
    assert "take a new name" in capsys.readouterr().err


def test_days_that_differ_are_told_one_by_one() -> None:
    text = (FOLDER / f"{LATEST}.json").read_text("utf-8")
    old, new = parsed(text), parsed(text.replace("1226", "1227"))
    told = list(calendar_edition.differences(old, new))
    assert "DE 2026-12-26 is no longer a holiday" in told
    assert "DE 2026-12-27 is now a holiday" in told


def test_every_pack_names_an_edition_that_there_is() -> None:
    assert {pack.calendars for pack in BOOK.packs} <= set(editions())
    periods = {rule.period.edition for rule in BOOK if rule.period is not None}
    assert periods == {pack.calendars for pack in BOOK.packs}


def test_an_edition_that_there_is_not_is_refused() -> None:
    with pytest.raises(LookupError, match=r"there is no calendar edition 1999\.01"):
        edition("1999.01")


def test_a_calendar_counts_by_the_edition_that_it_is_given() -> None:
    with pytest.raises(LookupError):
        Calendar("DE", "1999.01").is_working_day(date(2026, 12, 23))


def test_outside_of_its_years_an_edition_knows_weekends_only_the_stricter_reading() -> None:
    last = edition(LATEST).last
    assert not Calendar("DE").is_working_day(date(last, 12, 25))
    assert Calendar("DE").is_working_day(date(last + 1, 12, 25))


@pytest.mark.parametrize("country", sorted(MEMBER_STATES))
def test_every_member_state_keeps_new_year_and_easter_monday_or_good_friday(country: str) -> None:
    western, eastern = {date(2026, 4, 3), date(2026, 4, 6)}, {date(2026, 4, 10), date(2026, 4, 13)}
    held = edition(LATEST).holidays(country)
    assert date(2026, 1, 1) in held
    assert held & (western | eastern)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 4, 2),  # Maundy Thursday
        date(2026, 5, 15),  # the day after Ascension
        date(2026, 5, 25),  # Whit Monday
        date(2026, 7, 21),  # Belgium's national day
        date(2026, 12, 30),  # between the years
        date(2025, 5, 9),  # the Schuman declaration
    ],
)
def test_the_unions_institutions_keep_their_own_holidays(day: date) -> None:
    assert not INSTITUTIONS.is_working_day(day)


def test_the_unions_institutions_work_where_single_years_differ() -> None:
    assert INSTITUTIONS.is_working_day(date(2026, 11, 2))


@pytest.mark.parametrize(
    ("holiday", "observed"),
    [
        (date(2026, 7, 4), date(2026, 7, 3)),  # a Saturday: Friday
        (date(2027, 7, 4), date(2027, 7, 5)),  # a Sunday: Monday
        (date(2028, 1, 1), date(2027, 12, 31)),  # a Saturday: in the year before
        (date(2022, 12, 25), date(2022, 12, 26)),
        (date(2027, 6, 19), date(2027, 6, 18)),
    ],
)
def test_a_federal_holiday_on_a_weekend_is_observed_beside_it(
    holiday: date, observed: date
) -> None:
    assert holiday.weekday() >= 5
    assert not Calendar("US").is_working_day(observed)


def test_there_are_eleven_federal_holidays_a_year_with_their_observed_days() -> None:
    weekdays = [
        day for day in edition(LATEST).holidays("US") if day.year == 2026 and day.weekday() < 5
    ]
    assert len(weekdays) == 11
