"""Who is on call when, in the zone they live in, and what a broken roster says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.notification.domain.roster import RosterError, parse
from services.notification.domain.turns import chain, on_call
from services.notification.roster_file import RosterFile, load

PEOPLE = [{"id": name, "name": name, "email": f"{name}@example.org"} for name in ("a", "b", "c")]


def raw(**target: Any) -> dict[str, Any]:
    return {
        "acknowledge": {"base_url": "http://127.0.0.1:8105", "key_file": "ack.key"},
        "mail": {"host": "127.0.0.1", "port": 25, "tls": "none", "sender": "p@example.org"},
        "people": PEOPLE,
        "targets": [{"id": "t", "need_ack_in": "15m", "zone": "Europe/Berlin", **target}],
    }


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def names(when: str, **target: Any) -> tuple[str, ...]:
    roster = parse(raw(**target))
    return on_call(roster.targets[0], at(when))


def test_a_shift_is_read_in_its_zone_and_may_run_past_midnight() -> None:
    shifts = [
        {"days": ["mon", "tue"], "begin": "08:00", "end": "20:00", "people": ["a"]},
        {"days": ["mon", "tue"], "begin": "20:00", "end": "08:00", "people": ["b"]},
    ]
    assert names("2026-11-23T07:30:00", shifts=shifts) == ("a",)  # Monday 08:30 in Berlin
    assert names("2026-11-23T19:30:00", shifts=shifts) == ("b",)
    assert names("2026-11-25T06:30:00", shifts=shifts) == ("b",)  # Wednesday, Tuesday's night
    assert names("2026-11-25T07:30:00", shifts=shifts) == ()


def test_a_rotation_hands_over_at_local_time_across_the_change_of_summer_time() -> None:
    rotation = {"people": ["a", "b"], "start": "2026-10-19", "handover": "08:00", "days": 7}
    assert names("2026-10-26T06:59:00", rotation=rotation) == ("a",)  # 07:59 CET
    assert names("2026-10-26T07:00:00", rotation=rotation) == ("b",)  # 08:00 CET
    assert names("2026-10-12T07:00:00", rotation=rotation) == ("b",), "before the start, backwards"


def test_a_chain_takes_shift_then_rotation_then_people_each_once() -> None:
    document = raw(
        shifts=[{"days": ["sun"], "begin": "00:00", "end": "23:59", "people": ["c"]}],
        rotation={"people": ["a"], "start": "2026-01-05"},
        people=["c", "b"],
    )
    turns = chain(parse(document), ["t", "no-such-target"], at("2026-11-22T12:00:00"))
    assert [turn.person for turn in turns] == ["c", "a", "b"]
    assert turns[0].need_ack_in == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"zone": "Mars/Base"}, "no IANA time zone"),
        ({"need_ack_in": "soon"}, "15m"),
        ({"people": ["nobody"]}, "names nobody, who is not under people"),
        ({}, "names nobody: give it"),
        ({"people": ["a"], "colour": "red"}, "colour"),
    ],
)
def test_a_broken_target_says_where_why_and_what_to_do(change: dict[str, Any], wanted: str) -> None:
    with pytest.raises(RosterError, match=wanted):
        parse(raw(**change))


def test_people_without_a_channel_or_listed_twice_are_refused() -> None:
    with pytest.raises(RosterError, match="neither email nor webhook"):
        parse({**raw(people=["a"]), "people": [{"id": "a", "name": "A"}]})
    with pytest.raises(RosterError, match="lists a twice"):
        parse({**raw(people=["a"]), "people": [PEOPLE[0], PEOPLE[0]]})
    with pytest.raises(RosterError, match="not a mapping"):
        parse(["a"])


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_last_good_in_force(
    tmp_path: Path,
) -> None:
    path = tmp_path / "roster.yaml"
    (tmp_path / "ack.key").write_text("0123456789abcdef")
    path.write_text(yaml.safe_dump(raw(people=["a"])))
    file = RosterFile(look_every=0)
    file.use(path)
    file.check()
    path.write_text(yaml.safe_dump(raw(people=["b", "c"])))
    held = file.current()
    assert held is not None
    assert held.roster.targets[0].people == ("b", "c")
    path.write_text("people: [")
    assert file.current() is held
    assert "not YAML" in (file.fault or "")
    with pytest.raises(RosterError, match="not YAML"):
        file.check()


def test_a_missing_secret_and_a_short_key_are_told(tmp_path: Path) -> None:
    path = tmp_path / "roster.yaml"
    path.write_text(yaml.safe_dump(raw(people=["a"])))
    with pytest.raises(RosterError, match=r"ack\.key: No such file"):
        load(path)
    (tmp_path / "ack.key").write_text("short")
    with pytest.raises(RosterError, match="at least 16 bytes"):
        load(path)
