"""Reads lock files that are JSON or TOML: npm, Composer, uv, Poetry and Cargo."""

from collections.abc import Iterator

from schemas.sboms import Component
from services.intake.formats.built import packages
from services.intake.formats.error import FormatError
from services.intake.formats.shape import Node, child, items, needed, node, text, texts

_NPM_VERSIONS = (2, 3)
_INSTALLED = "node_modules/"
_OWN = ("virtual", "editable", "workspace")
"""Sources of uv that are the project itself, and no package that it takes."""
_MAIN = "main"


def npm(document: Node, *, development: bool) -> list[Component]:
    """Read a package-lock.json or npm-shrinkwrap.json: what is installed below `node_modules`.

    The project and its workspaces are no packages; links only point to them. What is both for
    development and optional for the product (`devOptional`) may be in a build, and counts.
    """
    if document.get("lockfileVersion") not in _NPM_VERSIONS:
        raise FormatError(
            "unknown_version",
            "only versions 2 and 3 list what is installed",
            "write it anew with npm 7 or later: npm install --package-lock-only",
            "/lockfileVersion",
        )
    found = []
    for path, value in child(document, "packages", "").items():
        at = f"/packages/{path.replace('~', '~0').replace('/', '~1')}"
        each = node(value, at)
        if _INSTALLED not in path or each.get("link") is True:
            continue
        if development or each.get("dev") is not True:
            name = text(each, "name", at) or path.rpartition(_INSTALLED)[2]
            found.append(packages.of("npm", name, text(each, "version", at)))
    return found


def composer(document: Node, *, development: bool) -> list[Component]:
    """Read a composer.lock."""
    lists = ("packages", "packages-dev") if development else ("packages",)
    return [
        packages.of("composer", needed(each, "name", at), needed(each, "version", at))
        for name in lists
        for at, each in items(document, name, "")
    ]


def toml(document: Node, *, development: bool) -> list[Component]:
    """Read a uv.lock, poetry.lock or Cargo.lock, told by what only one of them has."""
    if "content-hash" in child(document, "metadata", ""):
        return list(_poetry(document, development=development))
    if "requires-python" in document:
        return list(_uv(document))
    return list(_cargo(document))


def _poetry(document: Node, *, development: bool) -> Iterator[Component]:
    """Since Poetry 2.1 a package names its groups; older files do not tell what is for development.

    What `category` says, which Poetry before 1.5 wrote, counts too.
    """
    for at, each in items(document, "package", ""):
        groups = texts(each, "groups", at) or (text(each, "category", at) or _MAIN,)
        if development or _MAIN in groups:
            yield packages.of("pypi", needed(each, "name", at), needed(each, "version", at))


def _uv(document: Node) -> Iterator[Component]:
    """A uv.lock lists the packages of all groups, and does not say which one takes what."""
    for at, each in items(document, "package", ""):
        if not any(own in child(each, "source", at) for own in _OWN):
            yield packages.of("pypi", needed(each, "name", at), text(each, "version", at))


def _cargo(document: Node) -> Iterator[Component]:
    """Packages without a source are the workspace's own."""
    for at, each in items(document, "package", ""):
        if text(each, "source", at):
            yield packages.of("cargo", needed(each, "name", at), needed(each, "version", at))
