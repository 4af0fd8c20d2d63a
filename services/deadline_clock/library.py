"""Loads the packs that ship with the service, and a company's own policy in their place.

A broken pack refuses the start with its fault; a service that runs keeps what it started with.
"""

import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.clocks import RuleKind
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.escalation_pack import parse_escalation
from services.deadline_clock.domain.pack_document import PackError, read
from services.deadline_clock.domain.pack_join import rule_book
from services.deadline_clock.domain.packs import parse_rules
from services.deadline_clock.domain.rules import Pack, RuleBook

_FOLDER = importlib.resources.files("services.deadline_clock") / "packs"


class PackSettings(BaseSettings):
    """Where a company keeps policy packs of its own."""

    model_config = SettingsConfigDict(env_prefix="PATCHVIGIL_", env_ignore_empty=True)

    policy_packs: Path | None = Field(
        None, description="Folder of policy packs that stand in for those of the same id."
    )


@dataclass(frozen=True, slots=True)
class Library:
    """The rules and the escalation policy in force."""

    book: RuleBook
    escalation: Escalation


@lru_cache(maxsize=1)
def library() -> Library:
    """Read every pack of `packs/`, and those of the folder that PATCHVIGIL_POLICY_PACKS names.

    Raises:
        PackError: a pack cannot be used; the message names file, line, rule and mend.
    """
    shipped = [parsed(name, text) for name, text in _shipped()]
    return joined([*shipped, *_own()])


def parsed(name: str, text: str) -> Pack | Escalation:
    """Read one pack, of rules or of escalation chains.

    Raises:
        PackError: it cannot be used; one line a fault.
    """
    content = read(name, text).content
    if isinstance(content, dict) and "chains" in content:
        return parse_escalation(name, text, _schema("escalation"))
    return parse_rules(name, text, _schema("rules"))


def joined(packs: list[Pack | Escalation]) -> Library:
    """Put packs together; a later one stands in for an earlier one of the same id.

    Raises:
        PackError: they do not go together; one line a fault.
    """
    held: dict[str, Pack] = {}
    escalation: Escalation | None = None
    for each in packs:
        if isinstance(each, Escalation):
            escalation = each
        else:
            held[each.id] = each
    if escalation is None:
        raise PackError("no pack has escalation chains; add escalation.yaml")
    return Library(rule_book(held.values(), escalation), escalation)


def _shipped() -> Iterator[tuple[str, str]]:
    for each in sorted(_FOLDER.iterdir(), key=lambda entry: entry.name):
        if each.name.endswith(".yaml"):
            yield each.name, each.read_text("utf-8")


def _own() -> Iterator[Pack | Escalation]:
    """A company's own packs: policy only, for law is changed by a new version of the product."""
    folder = PackSettings().policy_packs
    if folder is None:
        return
    if not folder.is_dir():
        raise PackError(f"{folder}: is no folder; correct PATCHVIGIL_POLICY_PACKS or unset it")
    for path in sorted(folder.glob("*.yaml")):
        pack = parsed(path.as_posix(), path.read_text("utf-8"))
        if isinstance(pack, Pack) and pack.kind is not RuleKind.POLICY:
            raise PackError(
                f"{path.as_posix()}: kind: {pack.kind.value} cannot be overridden by a file; only "
                "policy can: lay the rules down in a policy pack with an id of its own"
            )
        yield pack


@lru_cache(maxsize=2)
def _schema(name: str) -> str:
    return (_FOLDER / f"{name}.schema.json").read_text("utf-8")


def with_pack(name: str, text: str) -> Library:
    """The packs in force with one of rules in the place of that of the same id, or beside them.

    Raises:
        PackError: it cannot be used, has chains, or changed under the version that is in force.
    """
    held = library()
    pack = parsed(name, text)
    if isinstance(pack, Escalation):
        raise PackError(f"{name}: escalation chains cannot be supposed; give a pack of rules")
    same = held.book.pack(pack.id)
    if same is not None and same.version == pack.version and same.sha256 != pack.sha256:
        raise PackError(f"{name}: the text of {pack.reference} changed; give it a new version")
    return joined([*held.book.packs, held.escalation, pack])
