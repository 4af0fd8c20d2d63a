"""compose.yaml and the Dockerfile speak only of services, ports, settings and paths that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.compose import place, secrets
from deploy.containers import KAFKA_IMAGE, POSTGRES_IMAGE, REDIS_IMAGE
from deploy.credentials import POSTGRES_ADMIN, generate
from deploy.embedded.ports import SERVICE_PORTS
from deploy.embedded.serve import OWNERS, PROGRAMS
from deploy.world import PostgresAddress
from schemas.topics import SERVICES, TOPICS, users
from services.deadline_clock.auditor_settings import AUDITOR_PREFIX, AuditorSettings
from services.intake.sealing import SealSettings
from services.kit import health
from services.kit.settings import PREFIX, Settings
from services.notification.settings import NotificationSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
SERVERS = {"kafka": KAFKA_IMAGE, "postgres": POSTGRES_IMAGE, "redis": REDIS_IMAGE}
JOBS = {"secrets", "prepare"}
MAY_CHANGE = {
    "secrets": {"CHOWN"},
    "postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
}
"""The capabilities that a container keeps, each explained beside it in compose.yaml."""


def _variables(*settings: type[BaseSettings]) -> set[str]:
    return {f"{PREFIX}{name.upper()}" for each in settings for name in each.model_fields}


KNOWN = _variables(Settings, NotificationSettings, SealSettings) | {
    f"{AUDITOR_PREFIX}{name.upper()}" for name in AuditorSettings.model_fields
}


def _published(name: str, port: int) -> str:
    """Write a port that another may take the place of, on this machine only."""
    return f"127.0.0.1:${{{place.variable(name)}:-{port}}}:{port}"


def test_the_containers_are_the_servers_the_jobs_and_every_service() -> None:
    assert set(CONTAINERS) == {*SERVERS, *JOBS, *SERVICES, *PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_beside_a_service_runs_from_its_image_as_its_user(program: str) -> None:
    container, owner = CONTAINERS[program], CONTAINERS[OWNERS[program]]
    assert (container["image"], container["user"]) == (owner["image"], owner["user"])
    assert container["command"][-1] == PROGRAMS[program].partition(":")[0]
    assert container["healthcheck"]["test"][-2:] == [container["command"][-1], "check"]
    assert "ports" not in container


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_built_from_its_folder_and_answers_on_its_port(service: str) -> None:
    container = CONTAINERS[service]
    folder = container["build"]["args"]["SERVICE"]
    assert folder == service.replace("-", "_")
    assert (ROOT / "services" / folder / "app.py").is_file()
    assert container["build"]["target"] == "service"
    port = SERVICE_PORTS[service]
    assert container["ports"] == [_published(service, port)]
    assert container["user"] == f"{place.USERS[service]}:{place.GROUP}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_asked_for_its_health_where_the_kit_answers(service: str) -> None:
    asked = re.search(
        r"http://127\.0\.0\.1:(\d+)(/[a-z/]+)", CONTAINERS[service]["healthcheck"]["test"][-1]
    )
    assert asked is not None
    assert int(asked[1]) == SERVICE_PORTS[service]
    assert asked[2] in {getattr(route, "path", None) for route in health.router.routes}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_only_settings_that_it_reads_and_its_own_secrets(service: str) -> None:
    credentials = generate()
    written = secrets._settings(credentials, service)
    given = dict(line.split("=", 1) for line in written.splitlines())
    assert given.keys() <= KNOWN
    for other in set(SERVICES) - {service}:
        assert credentials.kafka[other] not in written
        assert credentials.postgres[other] not in written
    assert credentials.kafka["admin"] not in written
    assert credentials.postgres[POSTGRES_ADMIN] not in written
    assert not re.search(r"['\"$`\\]", "".join(value.strip("'") for value in given.values()))


def test_variables_of_the_dockerfile_and_of_compose_exist() -> None:
    text = (
        DOCKERFILE + (ROOT / "compose.yaml").read_text() + (ROOT / "deploy/service.sh").read_text()
    )
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", text)) - {AUDITOR_PREFIX}
    assert named <= KNOWN


def test_the_servers_are_the_stock_images_of_the_containers_world() -> None:
    assert {name: CONTAINERS[name]["image"] for name in SERVERS} == SERVERS
    environment = CONTAINERS["postgres"]["environment"]
    assert environment["POSTGRES_USER"] == POSTGRES_ADMIN
    assert environment["POSTGRES_DB"] == PostgresAddress.__dataclass_fields__["database"].default
    assert environment["POSTGRES_PASSWORD_FILE"] == str(place.POSTGRES_SECRET / "password")


def test_the_servers_answer_where_the_services_are_told() -> None:
    credentials = generate()
    stack = place.stack(credentials)
    settings = place.kafka_settings(credentials)
    assert stack.kafka.bootstrap in settings["advertised.listeners"]
    inside = {listener.rsplit(":", 1)[1] for listener in settings["listeners"].split(",")}
    assert {port.rsplit(":", 1)[1] for port in CONTAINERS["kafka"]["ports"]} <= inside
    assert CONTAINERS["kafka"]["ports"] == [_published("kafka", place.KAFKA_PORT)]
    given = CONTAINERS["secrets"]["environment"]
    assert given == {place.variable("kafka"): f"${{{place.variable('kafka')}:-{place.KAFKA_PORT}}}"}
    moved = place.kafka_settings(credentials, 19092)
    assert "HOST://localhost:19092" in moved["advertised.listeners"].split(",")
    assert stack.postgres.host in CONTAINERS
    assert re.search(r"@(\w+):6379/", stack.redis_url)[1] in CONTAINERS  # type: ignore[index]
    mounted = {volume.split(":")[1] for volume in CONTAINERS["intake"]["volumes"]}
    assert {str(place.CREDENTIALS), str(place.BLOBS)} <= mounted


def test_every_user_of_the_topics_has_a_password() -> None:
    known = generate().kafka
    assert set(users()) <= known.keys()
    assert {
        user for topic in TOPICS.values() for user in (*topic.written_by, *topic.read_by)
    } <= known.keys()


def test_jobs_run_modules_that_exist_and_services_wait_for_them() -> None:
    for job in JOBS:
        module = CONTAINERS[job]["command"][-1]
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()
    for service in SERVICES:
        needed = CONTAINERS[service]["depends_on"]
        assert needed["prepare"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_right_that_it_does_not_need(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert set(container.get("cap_add", ())) == MAY_CHANGE.get(name, set())
    limits = container["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory"}
    assert container["restart"] == ("no" if name in JOBS else "unless-stopped")
    if name not in JOBS | {"postgres"}:  # PostgreSQL's image becomes its own user by itself
        assert int(container["user"].split(":")[0]) > 0
    for port in container.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    if name not in JOBS:
        assert container["healthcheck"]["test"]


def test_an_image_holds_one_service_and_runs_as_nobody_special() -> None:
    service = DOCKERFILE.split("AS service\n")[1]
    assert re.findall(r"^COPY (services\S*)", service, re.MULTILINE) == ["services/${SERVICE}"]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", service, re.MULTILINE)
    assert "deploy/service.sh" in service
    assert "# syntax" not in DOCKERFILE
