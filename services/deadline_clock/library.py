"""Loads the packs that ship with the service, and a company's own policy in their place.

A broken pack refuses the start with its fault. Over these lie the packs that people applied to a
running fleet, see `in_force`.
"""

import importlib.resources
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.clocks import RuleKind
from services.deadline_clock.domain.escalation import Escalation
from services.deadline_clock.domain.escalation_pack import parse_escalation
from services.deadline_clock.domain.pack_change import Applied
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
class Origin:
    """Where a pack in force comes from, and the one of the same id that it stands in for."""

    place: Literal["packaged", "company file", "applied"]
    beneath: str | None = None
    applied: Applied | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a pack that was applied, by the name of its file."""

    name: str
    content: str
    applied: Applied


@dataclass(frozen=True, slots=True)
class Library:
    """The rules and the escalation policy in force, and where each pack (by id) comes from."""

    book: RuleBook
    escalation: Escalation
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def applied(self) -> dict[str, Applied]:
        """The packs that people applied, by `id@version`."""
        found = (each.applied for each in self.origins.values())
        return {each.pack: each for each in found if each is not None}


@dataclass(frozen=True, slots=True)
class Change:
    """A pack that would come into force, the one that it replaces, and then all of them."""

    pack: Pack | Escalation
    replaces: Pack | Escalation | None
    then: Library


@lru_cache(maxsize=1)
def library() -> Library:
    """Read every pack of `packs/`, and those of the folder that PATCHVIGIL_POLICY_PACKS names.

    Raises:
        PackError: a pack cannot be used; the message names file, line, rule and mend.
    """
    shipped = [parsed(name, text) for name, text in _shipped()]
    own = list(_own())
    packaged = {each.id: each.reference for each in shipped}
    origins = {name: Origin("packaged") for name in packaged}
    origins |= {each.id: Origin("company file", packaged.get(each.id)) for each in own}
    return replace(joined([*shipped, *own]), origins=origins)


def overlaid(base: Library, texts: Sequence[Text]) -> Library:
    """The installation's packs with those that people applied in the place of theirs.

    An applied pack wins over the installation's, whichever version is the newer one, until another
    is applied: what two people decided is not undone by an upgrade.

    Raises:
        PackError: one cannot be read here, or they do not go together.
    """
    found: list[Pack | Escalation] = [*base.book.packs, base.escalation]
    origins = dict(base.origins)
    for each in texts:
        pack = parsed(each.name, each.content)
        name = pack.id
        beneath = _held(base, name)
        origins[name] = Origin("applied", beneath.reference if beneath else None, each.applied)
        found.append(pack)
    return replace(joined(found), origins=origins)


def _held(packs: Library, name: str) -> Pack | Escalation | None:
    """The pack of an id, or the escalation policy where that is its id."""
    return packs.escalation if name == packs.escalation.id else packs.book.pack(name)


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


def with_pack(packs: Library, name: str, text: str) -> Change:
    """A pack, and those in force with it in the place of that of the same id.

    Raises:
        PackError: it cannot be used, does not go together with them, takes the place of one of
            another kind, or changed under the version that is in force.
    """
    pack = parsed(name, text)
    same = _held(packs, pack.id)
    if isinstance(pack, Escalation) is not isinstance(same, Escalation):
        raise PackError(
            f"{name}: id: escalation chains are the pack {packs.escalation.id}, and nothing else "
            "is; take its id"
        )
    if same is not None and same.version == pack.version and same.sha256 != pack.sha256:
        raise PackError(f"{name}: the text of {pack.reference} changed; give it a new version")
    joint = joined([*packs.book.packs, packs.escalation, pack])
    return Change(pack, same, replace(joint, origins=packs.origins))
