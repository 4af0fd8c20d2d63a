"""Whatever goes away under a running fleet, nothing accepted is lost and nothing is doubled."""

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Event

import pytest
import redis

from deploy.embedded import servers
from deploy.embedded.home import hold, open_home
from deploy.embedded.servers import Servers
from deploy.stack import prepare
from schemas.topics import SERVICES
from tests.fleet import documents, endstate, load, poison
from tests.fleet.endstate import EndState
from tests.fleet.theatre import BOOT, Theatre, theatre

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PRODUCTS, PORTION, MOST = 12, 6, 12
"""Products; advisories in a portion of the load; portions that go in beside one outage at most."""
PAUSE = 0.5
"""Seconds between two portions: the load goes on before, during and after an outage."""
QUICK = {"PATCHVIGIL_KAFKA_SESSION_SECONDS": "6"}
"""Kafka gives a killed service's partitions to its successor after so long."""
ALERTS = "SELECT alert AS id FROM notification.alert"
NAMES = "SELECT vulnerability, case_id FROM triage.casefile ORDER BY 1"
TOLD = """
SELECT alert, person, channel, purpose, count(*) AS n FROM notification.delivery
GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
"""


@dataclass(slots=True)
class Siege:
    """A fleet on servers of its own, and how much was submitted to it so far."""

    house: Theatre
    servers: Servers
    submitted: int = 0

    def load(self) -> None:
        """Submit the next portion of advisories, and a report of exploitation for each."""
        start, end = self.submitted, self.submitted + PORTION
        given = [
            *islice(documents.advisories(end, PRODUCTS), start, end),
            *islice(documents.signals(end, PRODUCTS), start, end),
        ]
        load.submit(self.house, documents.shuffled(given, seed=end))
        self.submitted = end

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Go on submitting while something is done to the fleet, and once more afterwards."""
        done, before = Event(), self.submitted
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(self._until, done)
            self.house.stage.await_("the load has begun", lambda: self.submitted > before)
            try:
                yield
            finally:
                done.set()
            loading.result()
        self.load()

    def _until(self, done: Event) -> None:
        for _ in range(MOST):
            self.load()
            if done.wait(PAUSE):
                return


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    """Servers that may be stopped, six services that are started again when they die."""
    home = open_home(tmp_path_factory.mktemp("siege"))
    with hold(home), servers.operate(home, print, durable=False) as running:
        prepare(running.stack)
        folder = tmp_path_factory.mktemp("theatre")
        with theatre(running.stack, folder, compression=1.0, restart=True, settings=QUICK) as house:
            load.submit(house, [*documents.products(PRODUCTS), *documents.sboms(PRODUCTS)])
            yield Siege(house, running)


def test_redis_is_wiped_and_then_away(siege: Siege) -> None:
    with siege.under_load():
        redis.Redis.from_url(siege.house.stack.redis_url).flushall()
        siege.servers.stop("valkey")
        siege.servers.start("valkey")
    _hold(siege)


@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_a_server_is_started_again_under_load(siege: Siege, server: str) -> None:
    with siege.under_load():
        siege.servers.stop(server)
        siege.servers.start(server)
    _hold(siege)


def test_every_service_is_killed_in_the_midst_of_its_work(siege: Siege) -> None:
    with siege.under_load():
        for service in SERVICES:
            siege.house.stage.await_("it runs", lambda: siege.house.fleet.pid(service))  # noqa: B023 - asked at once
            os.kill(siege.house.fleet.pid(service), signal.SIGKILL)
    _hold(siege)


def test_poison_first_in_the_middle_and_last_costs_only_itself(siege: Siege) -> None:
    house, waiting = siege.house, {"advisories": f"osv/{documents.osv(siege.submitted)}"}
    poison.spoil(house, waiting)
    siege.load()
    poison.spoil(house, waiting)
    siege.load()
    poison.spoil(house, waiting)
    house.books.come_to_rest()
    stuck = poison.stuck(house)
    faulty = [each for each in stuck if each["state"] == "faulty"]
    met = Counter((each["consumer"], each["topic"]) for each in faulty)
    assert {each for each, times in met.items() if times >= 3} == poison.targets()
    assert len(stuck) > len(faulty), "what comes behind poison of its key waits"
    assert all(each["reason"] and each["mend"] for each in faulty), faulty
    poison.drop(house)
    _hold(siege)


def test_the_database_is_restored_from_an_older_copy(siege: Siege) -> None:
    data = siege.servers.home.path / "postgres" / "data"
    copy = data.with_name("copy")
    siege.house.books.come_to_rest()
    siege.servers.stop("postgres")
    _copy(data, copy)
    siege.servers.start("postgres")
    with siege.under_load():
        pass
    before = _hold(siege)
    told = _told(siege.house)
    alerts, names = siege.house.books.ask(ALERTS, NAMES)
    siege.house.close()
    siege.servers.stop("postgres")
    shutil.rmtree(data)
    _copy(copy, data)
    siege.servers.start("postgres")
    siege.house.open(compression=1.0)
    assert endstate.differences(before, _hold(siege)) == []
    assert _told(siege.house) == told, "who was told is told again under the same id, or not at all"
    alerts_after, names_after = siege.house.books.ask(ALERTS, NAMES)
    assert {each["id"] for each in alerts_after} == {each["id"] for each in alerts}
    assert names_after == names, "a tracking id means the same case for ever"
    setbacks = siege.house.stage.get("deadline-clock", "/v1/setbacks")
    assert sum(each["records"] for each in setbacks) > 0, "it is reported until it is settled"


def _copy(source: os.PathLike[str], target: os.PathLike[str]) -> None:
    subprocess.run(["/bin/cp", "-a", source, target], check=True)


def _told(house: Theatre) -> set[str]:
    return {each.message_id for each in house.inbox.calls}


def _hold(siege: Siege) -> EndState:
    """Hold the fleet to what was submitted: all of it there, each once, every join made."""
    house = siege.house
    house.fleet.await_ready(BOOT)
    house.books.come_to_rest()
    found = endstate.read(house.books)
    assert len(found.findings) == found.findings.total() == 2 * siege.submitted
    assert len(found.cases) == found.cases.total() == siege.submitted
    assert sum(each[4] != "None" for each in found.cases) == siege.submitted, "signals met cases"
    assert max(found.clocks.values()) == 1
    assert house.books.ask(TOLD)[0] == []
    for service in SERVICES:
        answer = house.stage.get(service, "/v1/reconcile")
        assert answer["differences"] == [], f"{service}: {answer}"
        assert house.stage.get(service, "/v1/audit/verify")["intact"], service
        assert house.stage.get(service, "/v1/quarantine")["items"] == [], service
    return found
