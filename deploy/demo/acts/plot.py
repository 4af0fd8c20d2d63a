"""What the story is about: identifiers, products and documents that several acts name."""

from pathlib import Path
from typing import Any

from deploy.demo.stage import Stage

DOCUMENTS = Path(__file__).parents[1] / "documents"
OPENSSL, ZLIB = "CVE-2022-3602", "CVE-2022-37434"
PUMP, GATEWAY = "infusion-pump", "link-gateway"
CAMPAIGN, TARGET = "gateway-5.1.1", "5.1.1"


def submit(stage: Stage, actor: str, name: str, why: str, **more: str) -> Any:
    """Submit one of the story's documents and say what became of it and why it is given."""
    kind = "application/yaml" if name.endswith(".yaml") else "application/json"
    answer = stage.submit(actor, name, (DOCUMENTS / name).read_bytes(), kind, **more)
    stage.say(actor, f"submits {name}: {answer['status']} as {answer['format']}", why)
    return answer


def findings(stage: Stage, identifier: str) -> list[dict[str, Any]]:
    """List the findings of a vulnerability; none while it is not known."""
    path = f"/v1/findings?vulnerability={identifier}&limit=200"
    answer = stage.call("admin", "GET", "sbom-matcher", path)
    found: list[dict[str, Any]] = answer.json().get("items", []) if answer.is_success else []
    return found


def case_of(stage: Stage, identifier: str) -> str | None:
    """Name the case of an identifier."""
    found = stage.get("triage", f"/v1/cases?identifier={identifier}")["items"]
    return str(found[0]["case"]) if found else None
