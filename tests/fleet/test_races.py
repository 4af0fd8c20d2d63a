"""Facts that should meet never miss each other, in whatever order, and however often, they come."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from deploy.demo.acts.plot import case_of
from deploy.world import Stack
from schemas.topics import SERVICES
from tests.fleet import documents, endstate, load
from tests.fleet.theatre import Theatre, theatre
from tests.world import fresh_world

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PRODUCTS, ADVISORIES, SIGNALS, DEVICES = 12, 480, 120, 2000
CAMPAIGN, TARGET = "range-1.0.1", documents.name(0)


@contextmanager
def _fleet(stack: Stack, folder: pytest.TempPathFactory, blobs: str = "") -> Iterator[Theatre]:
    with fresh_world(stack, folder.mktemp("world")) as world:
        own = replace(world.stack, blob_url=blobs or world.stack.blob_url)
        with theatre(own, folder.mktemp("theatre"), compression=1.0) as made:
            yield made


@pytest.fixture(scope="module")
def raced(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """A fleet that was given everything at the same time, in no order."""
    with _fleet(stack, tmp_path_factory) as house:
        given = documents.shuffled([
            *documents.products(PRODUCTS), *documents.sboms(PRODUCTS),
            *documents.advisories(ADVISORIES, PRODUCTS), *documents.signals(SIGNALS, PRODUCTS),
        ], seed=1)  # fmt: skip
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda part: load.submit(house, part), (given[n::4] for n in range(4))))
        house.books.come_to_rest()
        fleet_of = list(documents.devices(DEVICES, 30, TARGET))
        _raced_campaign(house, lambda: load.submit(house, fleet_of))
        yield house


def _raced_campaign(house: Theatre, register: Callable[[], None]) -> None:
    """Plan a campaign while its devices are being registered."""
    stage = house.stage
    case = stage.await_("a case", lambda: case_of(stage, documents.cve(0)))
    planned = stage.post("psirt-2", "triage", f"/v1/cases/{case}/measures", {
        "kind": "patch", "category": "A", "title": "1.0.1", "products": [TARGET],
        "target_version": "1.0.1",
    })  # fmt: skip
    path = f"/v1/cases/{case}/measures/{planned['measure']}/approve"
    stage.post("quality", "triage", path, {"ground": "May go ahead"})
    plan = {
        "campaign": CAMPAIGN, "case": case, "measure": planned["measure"], "product": TARGET,
        "from_versions": ["1.0.0"], "target_version": "1.0.1",
        "waves": [{"percent": 10}, {"percent": 100}],
        "stop_rules": {"failure_percent": 5, "minimum_finished": 20},
    }  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        registering = pool.submit(register)
        stage.await_("the campaign is planned", lambda: stage.call(
            "operations", "POST", "deployment-tracker", "/v1/campaigns", json=plan
        ).is_success)  # fmt: skip
        registering.result()
    house.books.come_to_rest()


def test_whatever_was_submitted_at_once_has_met(raced: Theatre) -> None:
    found = endstate.read(raced.books)
    assert len(found.findings) == found.findings.total() == 2 * ADVISORIES
    assert {each[5] for each in found.findings} == {"affected"}
    assert len(found.cases) == found.cases.total() == ADVISORIES
    signalled = [each for each in found.cases if each[4] != "None"]
    assert len(signalled) == SIGNALS
    early = [each for each in found.clocks if each[1].startswith("cra.") and "early" in each[1]]
    assert len(early) >= SIGNALS
    assert sum(int(each[6]) for each in found.coverage) == DEVICES
    _sound(raced)


def test_the_same_events_twice_and_in_another_order_come_to_the_same_end(
    raced: Theatre, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    events = load.doubled_and_mixed(list(load.recorded(raced)), seed=2)
    devices = [each for each in events if each[0] == "devices"]
    others = [each for each in events if each[0] != "devices"]
    raced.close()  # only its books are read from here on
    with _fleet(stack, tmp_path_factory, raced.stack.blob_url) as house:
        load.publish(house.stack, others)
        house.books.come_to_rest()
        _raced_campaign(house, lambda: load.publish(house.stack, devices))
        wanted, found = endstate.read(raced.books), endstate.read(house.books)
        assert endstate.differences(wanted, found) == []
        assert len(house.inbox.calls) == len({each.message_id for each in house.inbox.calls})
        _sound(house)


def _sound(house: Theatre) -> None:
    """Every service recomputes its joins and finds no difference; nothing is stuck."""
    for service in SERVICES:
        answer = house.stage.get(service, "/v1/reconcile")
        assert answer["differences"] in ([], ()), f"{service}: {answer}"
        assert house.stage.get(service, "/v1/quarantine")["items"] == []
