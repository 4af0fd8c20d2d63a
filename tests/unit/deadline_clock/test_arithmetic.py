"""The golden examples of day and hour counting, and what holds for every anchor."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.deadline_clock.domain.arithmetic import deadline, with_two_working_days
from services.deadline_clock.domain.calendars import MEMBER_STATES, ZONES, Calendar, calendar, zone
from services.deadline_clock.domain.rules import CalendarName, Ends, Period, Roll, Unit
from services.deadline_clock.domain.terms import Bound

BRUSSELS = ZoneInfo("Europe/Brussels")
NEW_YORK = ZoneInfo("America/New_York")
BELGIUM = Calendar("BE")
FEDERAL = Calendar("US")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


HOURS_24 = Period(24, Unit.HOUR)
HOURS_72 = Period(72, Unit.HOUR)
FINAL_AEV = Period(
    14, Unit.CALENDAR_DAY, CalendarName.EU_MEMBER_STATE, Roll.NEXT_WORKING_DAY, Ends.SAME_TIME
)
FINAL_INCIDENT = Period(
    1, Unit.MONTH, CalendarName.EU_MEMBER_STATE, Roll.NEXT_WORKING_DAY, Ends.SAME_TIME
)


def mdr(days: int) -> Period:
    return Period(
        days,
        Unit.CALENDAR_DAY,
        CalendarName.EU_MEMBER_STATE,
        Roll.NEXT_WORKING_DAY,
        Ends.END_OF_DAY,
    )


def fda(days: int, unit: Unit = Unit.WORKING_DAY) -> Period:
    return Period(days, unit, CalendarName.US_FEDERAL, Roll.NONE, Ends.END_OF_DAY)


@pytest.mark.parametrize(
    ("period", "anchor", "operational", "outer"),
    [
        (HOURS_24, "2026-11-20T16:42:10+01:00", "2026-11-21T15:42:10Z", "2026-11-21T16:00:00Z"),
        (HOURS_72, "2026-11-20T16:42:10+01:00", "2026-11-23T15:42:10Z", "2026-11-23T16:00:00Z"),
        # Summer time ends in between: elapsed hours, 17:30 local on the next day.
        (HOURS_24, "2026-10-24T18:30:00+02:00", "2026-10-25T16:30:00Z", "2026-10-25T17:00:00Z"),
        # A Saturday: the law rolls to Monday's last second, we do not.
        (FINAL_AEV, "2026-11-28T09:00:00Z", "2026-12-12T09:00:00Z", "2026-12-14T22:59:59Z"),
        # A month that lacks the day: its last one, a Sunday.
        (FINAL_INCIDENT, "2027-01-31T10:00:00Z", "2027-02-28T10:00:00Z", "2027-03-01T22:59:59Z"),
        # The local date counts: in UTC the anchor is still the day before.
        (FINAL_INCIDENT, "2027-05-31T00:30+02:00", "2027-06-29T22:30:00Z", "2027-06-30T21:59:59Z"),
    ],
)  # fmt: skip
def test_union_periods_end_as_regulation_1182_71_says(
    period: Period, anchor: str, operational: str, outer: str
) -> None:
    found = deadline(at(anchor), period, BRUSSELS, BELGIUM)
    assert (found.operational, found.outer) == (at(operational), at(outer))


def test_fifteen_days_that_end_on_boxing_day_roll_past_the_weekend_in_germany() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = deadline(at("2026-12-11T10:00:00Z"), mdr(15), berlin, Calendar("DE"))
    assert found.operational == at("2026-12-26T23:59:59+01:00")
    assert found.outer == at("2026-12-28T22:59:59Z")


def test_two_days_that_end_on_a_sunday_roll_to_monday_for_the_law_only() -> None:
    found = deadline(at("2026-11-20T10:00:00Z"), mdr(2), BRUSSELS, BELGIUM)
    assert found.operational == at("2026-11-22T23:59:59+01:00")
    assert found.outer == at("2026-11-23T23:59:59+01:00")


def test_ten_days_that_end_on_a_monday_end_there() -> None:
    found = deadline(at("2026-11-20T10:00:00Z"), mdr(10), BRUSSELS, BELGIUM)
    assert found.operational == found.outer == at("2026-11-30T23:59:59+01:00")


@pytest.mark.parametrize(
    ("initiated", "due"),
    [
        ("2026-11-20", "2026-12-07"),  # Thanksgiving
        ("2026-12-18", "2027-01-05"),  # Christmas and New Year's Day
        ("2026-06-26", "2026-07-13"),  # 4 July on a Saturday: observed on Friday
        ("2026-10-09", "2026-10-26"),  # Columbus Day
    ],
)
def test_ten_working_days_skip_weekends_and_observed_federal_holidays(
    initiated: str, due: str
) -> None:
    anchor = datetime.fromisoformat(f"{initiated}T12:00:00").replace(tzinfo=NEW_YORK)
    found = deadline(anchor, fda(10), NEW_YORK, FEDERAL)
    assert found.operational == found.outer
    assert found.operational.astimezone(NEW_YORK).isoformat()[:19] == f"{due}T23:59:59"


@pytest.mark.parametrize(
    ("period", "aware", "due"),
    [
        (fda(5), "2026-11-25", "2026-12-03"),
        (fda(30, Unit.CALENDAR_DAY), "2026-11-20", "2026-12-20"),  # a Sunday; it does not roll
        (fda(60, Unit.CALENDAR_DAY), "2026-11-20", "2027-01-19"),
    ],
)
def test_other_fda_periods_end_with_their_last_day_in_new_york(
    period: Period, aware: str, due: str
) -> None:
    anchor = datetime.fromisoformat(f"{aware}T12:00:00").replace(tzinfo=NEW_YORK)
    found = deadline(anchor, period, NEW_YORK, FEDERAL)
    assert found.operational.astimezone(NEW_YORK).isoformat()[:19] == f"{due}T23:59:59"


def test_an_event_exactly_on_the_hour_adds_no_hour() -> None:
    found = deadline(at("2026-11-20T16:00:00Z"), HOURS_24, BRUSSELS, BELGIUM)
    assert found.operational == found.outer == at("2026-11-21T16:00:00Z")


def test_hours_are_elapsed_when_summer_time_begins() -> None:
    found = deadline(at("2027-03-27T23:30:00+01:00"), HOURS_24, BRUSSELS, BELGIUM)
    assert found.operational == at("2027-03-28T22:30:00Z")


def test_a_local_time_that_comes_twice_is_taken_the_first_time() -> None:
    found = deadline(at("2026-10-11T02:30:00+02:00"), FINAL_AEV, BRUSSELS, BELGIUM)
    assert found.operational == at("2026-10-25T00:30:00Z")


def test_a_local_time_that_never_comes_is_taken_before_the_gap() -> None:
    found = deadline(at("2027-03-14T02:30:00+01:00"), FINAL_AEV, BRUSSELS, BELGIUM)
    assert found.operational == at("2027-03-28T00:30:00Z")


@pytest.mark.parametrize("anchor", ["2026-10-24T23:30:00+02:00", "2027-03-27T23:30:00+01:00"])
def test_the_last_second_of_a_day_is_local_on_either_side_of_a_change(anchor: str) -> None:
    found = deadline(at(anchor), mdr(2), BRUSSELS, BELGIUM)
    local = found.operational.astimezone(BRUSSELS)
    days = (local.date() - datetime.fromisoformat(anchor).date()).days
    assert (days, local.strftime("%H:%M:%S")) == (2, "23:59:59")


@pytest.mark.parametrize(
    ("anchor", "operational"),
    [
        ("2028-02-15T10:00:00Z", "2028-02-29T10:00:00Z"),  # a leap day counts like another
        ("2028-02-29T10:00:00Z", "2028-03-14T10:00:00Z"),
        ("2027-02-15T10:00:00Z", "2027-03-01T10:00:00Z"),
        ("2026-12-20T10:00:00Z", "2027-01-03T10:00:00Z"),  # over the end of a year
    ],
)
def test_days_are_counted_over_leap_days_and_the_ends_of_years(
    anchor: str, operational: str
) -> None:
    assert deadline(at(anchor), FINAL_AEV, BRUSSELS, BELGIUM).operational == at(operational)


@pytest.mark.parametrize(
    ("anchor", "operational"),
    [
        ("2027-12-31T10:00:00Z", "2028-01-31T10:00:00Z"),
        ("2028-01-30T10:00:00Z", "2028-02-29T10:00:00Z"),
        ("2028-02-29T10:00:00Z", "2028-03-29T09:00:00Z"),  # the same wall time: summer time began
        ("2026-03-31T08:00:00Z", "2026-04-30T08:00:00Z"),
    ],
)
def test_months_end_on_the_same_date_or_on_the_last_of_a_shorter_month(
    anchor: str, operational: str
) -> None:
    assert deadline(at(anchor), FINAL_INCIDENT, BRUSSELS, BELGIUM).operational == at(operational)


@pytest.mark.parametrize(
    ("country", "anchor", "rolled"),
    [
        ("DE", "2026-12-10", "2026-12-28"),  # Christmas Day on a Friday, then a weekend
        ("PL", "2026-12-09", "2026-12-28"),  # Christmas Eve is a holiday there too
        ("BG", "2026-12-11", "2026-12-29"),  # and the Monday after, in lieu
        ("BE", "2026-03-20", "2026-04-07"),  # Easter Monday
        ("DE", "2026-03-19", "2026-04-07"),  # Good Friday to Easter Monday
        ("FR", "2026-03-19", "2026-04-03"),  # no holiday on Good Friday there
        ("RO", "2026-12-18", "2027-01-04"),  # 1 and 2 January, then a Sunday
    ],
)
def test_a_chain_of_holidays_and_a_weekend_rolls_to_the_first_working_day(
    country: str, anchor: str, rolled: str
) -> None:
    where = zone(ZONES[country])
    noon = datetime.fromisoformat(f"{anchor}T12:00:00").replace(tzinfo=where)
    found = deadline(noon, mdr(15), where, Calendar(country))
    assert found.outer.astimezone(where).isoformat()[:19] == f"{rolled}T23:59:59"


@pytest.mark.parametrize("country", sorted(MEMBER_STATES))
def test_in_every_member_state_fifteen_days_to_christmas_roll_beyond_it(country: str) -> None:
    where = zone(ZONES[country])
    noon = datetime(2026, 12, 10, 12, tzinfo=where)
    found = deadline(noon, mdr(15), where, Calendar(country))
    assert found.operational.astimezone(where).isoformat()[:19] == "2026-12-25T23:59:59"
    assert found.outer.astimezone(where).date() >= date(2026, 12, 28)
    assert Calendar(country).is_working_day(found.outer.astimezone(where).date())


@pytest.mark.parametrize("country", sorted(MEMBER_STATES))
def test_in_every_member_state_hours_are_the_same_instant(country: str) -> None:
    found = deadline(at("2026-12-24T16:42:10Z"), HOURS_72, zone(ZONES[country]), Calendar(country))
    assert found.operational == at("2026-12-27T16:42:10Z")
    assert found.outer == at("2026-12-27T17:00:00Z")


def test_two_working_days_are_argued_for_where_a_weekend_eats_a_period_of_two() -> None:
    friday, monday = at("2026-11-20T10:00:00Z"), at("2026-11-16T10:00:00Z")
    argued = with_two_working_days(friday, mdr(2), BRUSSELS, BELGIUM)
    assert argued == at("2026-11-24T23:59:59+01:00")
    assert with_two_working_days(monday, mdr(2), BRUSSELS, BELGIUM) is None


def test_two_working_days_are_never_argued_for_in_hours_or_where_nothing_rolls() -> None:
    friday = at("2026-11-20T10:00:00Z")
    assert with_two_working_days(friday, HOURS_72, BRUSSELS, BELGIUM) is None
    assert with_two_working_days(friday, fda(5), NEW_YORK, FEDERAL) is None


def test_what_is_to_be_kept_ends_with_its_last_day_and_never_sooner() -> None:
    kept = Period(60, Unit.MONTH, ends=Ends.END_OF_DAY, bound=Bound.AT_LEAST)
    found = deadline(at("2028-02-29T10:00:00Z"), kept, BRUSSELS, BELGIUM)
    assert found.operational == found.outer == at("2033-02-28T23:59:59+01:00")


def test_a_month_after_the_last_of_january_in_a_leap_year_is_the_29th() -> None:
    found = deadline(at("2028-01-31T10:00:00Z"), FINAL_INCIDENT, BRUSSELS, BELGIUM)
    assert found.operational == at("2028-02-29T10:00:00Z")


def test_new_years_day_on_a_saturday_is_observed_in_the_year_before() -> None:
    assert not FEDERAL.is_working_day(date(2027, 12, 31))


def test_executive_order_closures_are_no_holidays() -> None:
    assert FEDERAL.is_working_day(date(2026, 12, 24))


@pytest.mark.parametrize("country", sorted(MEMBER_STATES))
def test_every_member_state_has_a_zone_and_keeps_christmas(country: str) -> None:
    days = calendar(CalendarName.EU_MEMBER_STATE, country)
    assert zone(ZONES[country]).utcoffset(datetime(2026, 1, 1)) is not None  # noqa: DTZ001
    assert not days.is_working_day(date(2026, 12, 25))


def test_an_unknown_country_knows_weekends_only() -> None:
    days = calendar(CalendarName.EU_MEMBER_STATE, None)
    assert days.is_working_day(date(2026, 12, 25))
    assert days.rolled(date(2026, 12, 26)) == date(2026, 12, 28)


instants = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001
    datetime(2035, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(sorted(ZONES)).map(lambda country: (zone(ZONES[country]), country))
periods = st.builds(
    Period,
    st.integers(1, 400),
    st.sampled_from([Unit.CALENDAR_DAY, Unit.WORKING_DAY, Unit.HOUR]),
    st.just(CalendarName.EU_MEMBER_STATE),
    st.sampled_from(Roll),
    st.sampled_from(Ends),
) | st.builds(
    Period,
    st.integers(1, 24),
    st.just(Unit.MONTH),
    st.just(CalendarName.EU_MEMBER_STATE),
    st.sampled_from(Roll),
    st.sampled_from(Ends),
)


@given(instants, periods, zones)
def test_the_operational_deadline_is_never_after_the_laws(
    anchor: datetime, period: Period, where: tuple[ZoneInfo, str]
) -> None:
    found = deadline(anchor, period, where[0], Calendar(where[1]))
    assert anchor < found.operational <= found.outer


@given(instants, st.integers(0, 10_000_000), periods, zones)
def test_an_earlier_anchor_never_moves_the_laws_deadline_later(
    anchor: datetime, seconds: int, period: Period, where: tuple[ZoneInfo, str]
) -> None:
    earlier = anchor - timedelta(seconds=seconds)
    days = Calendar(where[1])
    was = deadline(anchor, period, where[0], days)
    now = deadline(earlier, period, where[0], days)
    assert now.outer <= was.outer
    if period.unit is Unit.HOUR:
        assert now.operational <= was.operational
