"""What is declared once stays so: metrics and their labels, the timers' script, module sizes."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics import MetricWrapperBase

from services.kit import metrics
from services.kit.timers import timer_id

ROOT = Path(__file__).parents[3]
SERVICES = ROOT / "services"
CLOSED = {"consumer", "topic", "kind", "state", "source", "method", "route", "status"}
INSTANTS = st.datetimes(timezones=st.just(UTC))


def declared() -> list[MetricWrapperBase]:
    return [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]


def test_every_metric_says_what_it_means_in_base_units_and_closed_labels() -> None:
    assert len(declared()) > 20
    for metric in declared():
        assert metric._documentation.endswith("."), metric._name
        assert set(metric._labelnames) <= CLOSED, metric._name
        assert not re.search(r"(_ms|_millis|_minutes|_kb)$", metric._name)


def test_the_metrics_of_a_process_are_declared_in_one_module_only() -> None:
    makers = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*['\"]")
    found = {
        path.relative_to(SERVICES).as_posix()
        for path in SERVICES.rglob("*.py")
        if makers.search(path.read_text("utf-8"))
    }
    assert found == {"kit/metrics.py", "deadline_clock/auditor_metrics.py"}


def test_every_metric_is_explained_to_operators() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    text = prometheus_client.generate_latest(metrics.REGISTRY).decode()
    own = {metric._name for metric in declared()}
    served = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    missing = [
        name
        for name in served
        if any(name in {each, f"{each}_total"} for each in own) and f"`{name}" not in page
    ]
    assert missing == []


def test_no_script_of_the_timers_asks_redis_for_the_time() -> None:
    scripts = "".join(path.read_text("utf-8") for path in (SERVICES / "kit").glob("*.lua"))
    calls = set(re.findall(r"redis\.call\('(\w+)'", scripts))
    assert calls == {"ZRANGEBYSCORE", "ZADD", "ZRANGE", "GET", "SET", "PEXPIRE", "DEL"}


@given(st.text(), st.text(), INSTANTS)
def test_a_timers_id_follows_from_subject_step_and_instant_whatever_the_zone(
    subject: str, step: str, due_at: datetime
) -> None:
    if datetime(2, 1, 1, tzinfo=UTC) < due_at < datetime(9998, 1, 1, tzinfo=UTC):
        elsewhere = due_at.astimezone(timezone(timedelta(hours=-9, minutes=30)))
        assert timer_id(subject, step, due_at) == timer_id(subject, step, elsewhere)
        assert timer_id(subject, step, due_at + timedelta(microseconds=1)) != timer_id(
            subject, step, due_at
        )


def test_no_module_of_the_kit_is_above_its_size() -> None:
    sizes = {
        path.name: len(path.read_text("utf-8").splitlines())
        for path in (SERVICES / "kit").glob("*.py")
    }
    assert {name: size for name, size in sizes.items() if size > 250} == {}


def test_every_test_that_the_table_of_pitfalls_names_exists() -> None:
    page = (ROOT / "docs" / "pitfalls.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if not defines(ROOT / path, name)]
    assert missing == []


def defines(path: Path, name: str) -> bool:
    return bool(re.search(rf"^\s*(async )?def {name}\(", path.read_text("utf-8"), re.MULTILINE))
