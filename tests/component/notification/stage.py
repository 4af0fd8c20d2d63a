"""A case on a gateway with its clocks, as the other services would publish them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import yaml

from schemas.cases import CaseKind, CaseScoped, ScopeItem, ScopeStatus
from schemas.catalogue import EntityRegistered, EuFacts, EuRegime, ProductRegistered
from schemas.clocks import (
    Anchor,
    Clock,
    ClockEscalated,
    ClockMode,
    ClockStarted,
    ClockState,
    MetBy,
    RuleKind,
    Severity,
)
from tests.component.notification.receivers import Hooks, Inbox
from tests.neighbours import Neighbours, eventually
from tests.world import World

NUMBERS = count(1)

STAGES = {
    "early_warning": ("srp-aev-early-warning", "CRA 24 h early warning", 24),
    "notification": ("srp-aev-notification", "CRA 72 h notification", 72),
    "final": ("srp-aev-final", "CRA final report", 14 * 24),
    "report": ("us-806", "FDA 806 report", 14 * 24),
}


def roster(folder: Path, hooks: Hooks, mail: Inbox) -> Path:
    """Write a roster file with its secrets."""
    (folder / "ack.key").write_text("an acknowledgement key for tests")
    for name, secret in hooks.secrets.items():
        (folder / f"{name}.secret").write_bytes(secret)
    path = folder / "roster.yaml"
    people = [
        _person("psirt-1", hooks, webhook=True, email=True),
        _person("psirt-2", hooks, webhook=True, email=False),
        _person("mail-only", hooks, webhook=False, email=True),
        _person("platform-1", hooks, webhook=True, email=False),
    ]
    path.write_text(
        yaml.safe_dump(
            {
                "acknowledge": {"base_url": "http://service", "key_file": "ack.key"},
                "mail": {
                    "host": "127.0.0.1", "port": mail.port, "tls": "none",
                    "sender": "Patchvigil <patchvigil@example.org>",
                },
                "tickets": {"url": f"{hooks.url}/tickets", "secret_file": "tickets.secret"},
                "platform": ["platform"],
                "people": people,
                "targets": [
                    {"id": "psirt-oncall", "need_ack_in": "15m", "people": ["psirt-1", "psirt-2"]},
                    {"id": "impatient", "need_ack_in": "1s", "people": ["psirt-1", "psirt-2"]},
                    {"id": "by-mail", "need_ack_in": "15m", "people": ["mail-only", "psirt-2"]},
                    {"id": "platform", "need_ack_in": "15m", "people": ["platform-1"]},
                ],
            }
        )
    )  # fmt: skip
    return path


def _person(name: str, hooks: Hooks, *, webhook: bool, email: bool) -> dict[str, Any]:
    person: dict[str, Any] = {"id": name, "name": f"Engineer {name}", "zone": "Europe/Berlin"}
    if webhook:
        person["webhook"] = {"url": f"{hooks.url}/{name}", "secret_file": f"{name}.secret"}
    if email:
        person["email"] = f"{name}@example.org"
    return person


@dataclass(frozen=True, slots=True)
class Stage:
    """One case with one product; helpers say what happens to it."""

    case: str
    product: str
    others: Neighbours
    client: httpx.AsyncClient
    world: World

    async def facts(self, **product: object) -> None:
        """Register entity and product, and scope the case."""
        now = datetime.now(UTC)
        await self.others.publish(
            EntityRegistered(
                entity="maker", name="Example Hospital Networks GmbH", country="DE",
                registered_at=now,
            ),
            self.registered(**product),
            self.scoped(),
        )  # fmt: skip

    def registered(self, **more: object) -> ProductRegistered:
        values: dict[str, Any] = {
            "product": self.product, "name": "Ward Gateway", "entity": "maker",
            "eu": EuFacts(regime=EuRegime.NONE), "markets": ("DE", "FR", "US"),
            "support_ends_on": date(2031, 1, 1), "registered_at": datetime.now(UTC), **more,
        }  # fmt: skip
        return ProductRegistered(**values)

    def scoped(self, title: str = "Flaw in the parser of the gateway") -> CaseScoped:
        return CaseScoped(
            case=self.case, kind=CaseKind.VULNERABILITY, title=title,
            vulnerability=f"V-{self.case}", identifiers=("CVE-2026-1234",),
            summary="A crafted message stops the service.",
            items=(
                ScopeItem(
                    product=self.product, version="4.1", status=ScopeStatus.AFFECTED,
                    components=("libparse@1.2.3",), held_at=datetime.now(UTC),
                ),
            ),
            scoped_at=datetime.now(UTC),
        )  # fmt: skip

    def clock(self, stage: str = "early_warning", **more: object) -> Clock:
        template, label, hours = STAGES[stage]
        aware = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        values: dict[str, Any] = {
            "clock": f"{template}/{self.product}/{self.case}", "case": self.case,
            "rule": f"cra.aev.{stage}", "pack": "cra@2026.11.21", "kind": RuleKind.LAW,
            "confidence": "verified",
            "label": label, "authority": "Regulation (EU) 2024/2847 Article 14(2)",
            "stage": stage, "met_by": MetBy.FILING, "product": self.product, "entity": "maker",
            "mode": ClockMode.MANDATORY, "mode_reason": "a product with digital elements",
            "state": ClockState.RUNNING, "template": template, "title": "Flaw",
            "anchor": Anchor(name="aware_at", at=aware, set_by="psirt", set_at=aware),
            "due_operational": aware + timedelta(hours=hours),
            "identifiers": ("CVE-2026-1234",), "started_at": aware, **more,
        }  # fmt: skip
        return Clock(**values)

    async def start(self, clock: Clock) -> None:
        await self.others.publish(ClockStarted(clock=clock, because="awareness assessed"))

    def step(
        self, clock: Clock, step: str = "start", target: str = "psirt-oncall", **more: object
    ) -> ClockEscalated:
        values: dict[str, Any] = {
            "clock": clock, "step": step, "severity": Severity.PAGE, "targets": (target,),
            "remaining_seconds": 23 * 3600, "stops_when": "a filing is recorded", **more,
        }  # fmt: skip
        return ClockEscalated(**values)

    async def get(self, path: str, who: str = "psirt") -> Any:
        answer = await self.client.get(path, headers=self.world.headers(who))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, who: str = "psirt") -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.world.headers(who))

    async def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/v1/alerts?case={self.case}"))["items"]
        return found

    async def alert(self, **equal: object) -> dict[str, Any]:
        """Wait for the alert that has these values."""

        async def found() -> dict[str, Any] | None:
            return next(
                (
                    each
                    for each in await self.alerts()
                    if all(each[name] == value for name, value in equal.items())
                ),
                None,
            )

        answer: dict[str, Any] = await eventually(found)
        return answer

    async def draft(self, stage: str = "early_warning", **equal: object) -> dict[str, Any]:
        """Wait for the draft of a stage that has these values."""

        async def found() -> dict[str, Any] | None:
            for each in (await self.get(f"/v1/drafts?case={self.case}"))["items"]:
                if each["stage"] == stage:
                    shown: dict[str, Any] = await self.get(f"/v1/drafts/{each['draft']}")
                    if all(shown[name] == value for name, value in equal.items()):
                        return shown
            return None

        answer: dict[str, Any] = await eventually(found)
        return answer


def value(draft: dict[str, Any], field: str) -> Any:
    """A field's value in a draft."""
    return state(draft, field)["value"]


def state(draft: dict[str, Any], field: str) -> dict[str, Any]:
    """A field in a draft."""
    found: dict[str, Any]
    [found] = [each for each in draft["document"]["fields"] if each["id"] == field]
    return found


def required(draft: dict[str, Any]) -> set[str]:
    """The required fields that are open."""
    return {gap["field"] for gap in draft["gaps"] if gap["required"]}


async def settled(stage: Stage, stage_name: str = "early_warning") -> dict[str, Any]:
    """Wait for a draft in which every fact of the stage has arrived."""

    async def found() -> dict[str, Any] | None:
        shown = await stage.draft(stage_name)
        held = ("title", "product_name", "manufacturer_name")
        return shown if all(value(shown, name) for name in held) else None

    answer: dict[str, Any] = await eventually(found)
    return answer
