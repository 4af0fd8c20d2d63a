"""Reads SWID tags (ISO/IEC 19770-2:2015): one, or several in one wrapper, as an inventory."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from schemas.sboms import Component
from services.intake.formats import identifiers, stated
from services.intake.formats.canonical import LONGEST_NAME, Author, Origin, Sbom, Subject
from services.intake.formats.error import MOST_FAULTS, Fault, FormatError
from services.intake.formats.markup import children, name, space
from services.intake.formats.references import References

_NAMESPACE = re.compile(
    r"http://standards\.iso\.org/iso/19770/-2/(2015(?:-current)?)/schema\.xsd", re.IGNORECASE
)
_FAMILY = "http://standards.iso.org/iso/19770/-2/"
_TAG = "SoftwareIdentity"
_OURS = "{urn:patchvigil}"
_SUPPLIERS = ("softwareCreator", "distributor", "aggregator", "licensor", "maintainer")
_FACTS = {
    "product": stated.PRODUCT,
    "version": stated.VERSION,
    "hardware": stated.HARDWARE,
    "level-of-support": stated.LEVEL,
    "end-of-support": stated.END,
}
_HAS = frozenset({"component", "requires"})


@dataclass(frozen=True, slots=True)
class _Tag:
    """One tag with its place in the document."""

    at: str
    element: Element

    def says(self, attribute: str) -> bool:
        """Whether a truth value of the tag is set."""
        return self.element.get(attribute, "").strip() in {"true", "1"}

    def text(self, attribute: str) -> str | None:
        """An attribute of the tag, stripped; None where it is absent or blank."""
        return self.element.get(attribute, "").strip() or None

    def links(self, *rels: str) -> Iterator[str]:
        """The tag ids that its links with one of these relations point to."""
        for each in children(self.element, "Link"):
            if each.get("rel", "").strip() in rels:
                yield _tag_id(each.get("href", "").strip())


def is_ours(root: Element) -> bool:
    """Whether it is a SWID tag of whatever edition, or a wrapper of some."""
    return any(space(each).startswith(_FAMILY) for each in (root, *root))


def parse(root: Element) -> Sbom:
    """Read the tags.

    Raises:
        FormatError: an older edition of the standard, no tag of software, or tags without a name
            or an id.
    """
    tags = [each for each in _tags(root) if not each.says("supplemental")]
    if not tags:
        raise FormatError(
            "no_components",
            f"there is no primary {_TAG}",
            "send the tags of the software; supplemental tags only add to them",
            "/",
        )
    references = References()
    components = _components(tags, references)
    main = _main(tags)
    return Sbom(
        _version(tags[0].element),
        _subject(tags, main),
        tuple(c for n, c in enumerate(components) if n != main or len(components) == 1),
        tuple(dict.fromkeys(_edges(tags, components, references))),
        "swid-xml",
        _origin(tags, main, components, references),
    )


def _tags(root: Element) -> Iterator[_Tag]:
    if name(root) == _TAG:
        yield _Tag(f"/{_TAG}", root)
        return
    found = [each for each in root if name(each) == _TAG]
    for position, each in enumerate(found, 1):
        yield _Tag(f"/{name(root)}/{_TAG}[{position}]", each)


def _version(element: Element) -> str:
    matched = _NAMESPACE.fullmatch(space(element))
    if matched is None:
        raise FormatError(
            "unknown_version",
            f"tags of the namespace {space(element)[:80]!r} are not read",
            "write them by ISO/IEC 19770-2:2015",
            "/",
        )
    return matched[1]


def _components(tags: Sequence[_Tag], references: References) -> list[Component]:
    faults = [fault for tag in tags for fault in _faults(tag)]
    if faults:
        raise FormatError.of(faults[:MOST_FAULTS])
    return [_component(tag, references) for tag in tags]


def _faults(tag: _Tag) -> Iterator[Fault]:
    for field in ("name", "tagId"):
        if tag.text(field) is None:
            yield Fault("missing", f"`{field}` is missing or empty", f"{tag.at}/@{field}", "add it")


def _component(tag: _Tag, references: References) -> Component:
    facts = _facts(tag)
    known_by = identifiers.sort(_hrefs(tag))
    return Component(
        ref=references.give(tag.text("tagId")),
        name=(tag.text("name") or "")[:LONGEST_NAME],
        version=tag.text("version"),
        kind="application",
        supplier=_supplier(tag),
        purl=known_by.purl,
        cpe=known_by.cpe,
        other_identifiers=known_by.others,
        support_level=stated.level(facts.get(stated.LEVEL), facts.get(stated.END)),
        support_ends_on=stated.day(facts.get(stated.END)),
    )


def _hrefs(tag: _Tag) -> Iterator[str]:
    """Purls and CPE names: SWID has no field for them, but a link may name any address."""
    for each in children(tag.element, "Link"):
        if each.get("rel", "").strip() not in _HAS:
            yield each.get("href", "").strip()


def _supplier(tag: _Tag) -> str | None:
    names: dict[str, str] = {}
    for each in children(tag.element, "Entity"):
        for role in each.get("role", "").split():
            names.setdefault(role, each.get("name", "").strip())
    return next((names[role] for role in _SUPPLIERS if names.get(role)), None)


def _facts(tag: _Tag) -> dict[str, str]:
    """What `Meta` states in attributes of our own namespace."""
    return {
        fact: value
        for meta in children(tag.element, "Meta")
        for field, fact in _FACTS.items()
        if (value := meta.get(f"{_OURS}{field}", "").strip())
    }


def _tag_id(href: str) -> str:
    """The tag id in a link: `swid:ID` as the standard asks, or the id alone."""
    return unquote(href[5:]) if href[:5].lower() == "swid:" else href


def _main(tags: Sequence[_Tag]) -> int | None:
    """The position of the primary tag that no other one has as its part; None if in doubt."""
    if len(tags) == 1:
        return 0
    parts = {id_ for tag in tags for id_ in tag.links(*_HAS)}
    parts |= {tag.text("tagId") or "" for tag in tags if any(tag.links("parent"))}
    tops = [
        n
        for n, tag in enumerate(tags)
        if tag.text("tagId") not in parts and not tag.says("patch") and not tag.says("corpus")
    ]
    if len(tops) > 1:  # loose tags beside the product's own: it alone has parts
        tops = [n for n in tops if any(tags[n].links(*_HAS))]
    return tops[0] if len(tops) == 1 else None


def _subject(tags: Sequence[_Tag], main: int | None) -> Subject:
    if main is None:
        return Subject(None, None, None, name_at="/", version_at="/")
    tag = tags[main]
    at = tag.at
    return stated.subject(
        _facts(tag), tag.text("name"), tag.text("version"), f"{at}/@name", f"{at}/@version"
    )


def _origin(
    tags: Sequence[_Tag], main: int | None, components: Sequence[Component], references: References
) -> Origin:
    """Who made the tags and when, by the fields that NTIA's minimum elements name for SWID."""
    makers = (
        each.get("name", "").strip()
        for tag in tags
        for each in children(tag.element, "Entity")
        if "tagCreator" in each.get("role", "").split()
    )
    made = (each.get("timestamp") for tag in tags for each in children(tag.element, "Meta"))
    return Origin(
        authors=tuple(Author(name) for name in dict.fromkeys(makers) if name),
        made_at=next((found for each in made if (found := stated.moment(each))), None),
        product=components[main] if main is not None else None,
        repeated=references.repeated,
    )


def _edges(
    tags: Sequence[_Tag], components: Sequence[Component], references: References
) -> Iterator[tuple[str, str]]:
    """Links to parts and needs, and back to parents; a tag that is not here keeps its id."""
    for tag, component in zip(tags, components, strict=True):
        for id_ in tag.links(*_HAS):
            yield component.ref, references.of(id_) or id_
        for id_ in tag.links("parent"):
            yield references.of(id_) or id_, component.ref
