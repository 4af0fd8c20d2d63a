"""What each package type asks of a package URL's parts (package-url types, as of ECMA-427).

A type that is not listed asks nothing: its parts are taken as written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that types have rules for, decoded."""

    namespace: str | None
    name: str
    version: str | None
    qualifiers: Mapping[str, str]


def _as_written(text: str) -> str:
    return text


def _no_rule(parts: Parts) -> str | None:
    del parts
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """One type's rules.

    `namespace` is True where it is needed, False where there is none. With `paths`, names hold
    slashes that are written as they are.
    """

    namespace: bool | None = None
    version: bool = False
    qualifiers: tuple[str, ...] = ()
    of_namespace: Callable[[str], str] = _as_written
    of_name: Callable[[str], str] = _as_written
    of_version: Callable[[str], str] = _as_written
    checked: Callable[[Parts], str | None] = field(default=_no_rule)
    by_parts: Callable[[Parts], Parts] | None = None
    paths: bool = False

    def faults(self, parts: Parts) -> list[str]:
        """Name every rule that the parts break."""
        found = []
        if self.namespace is True and not parts.namespace:
            found.append("the type needs a namespace")
        if self.namespace is False and parts.namespace:
            found.append("the type has no namespace")
        if self.version and not parts.version:
            found.append("the type needs a version")
        found += [
            f"the type needs the qualifier {key!r}"
            for key in self.qualifiers
            if key not in parts.qualifiers
        ]
        wrong = self.checked(parts)
        return [*found, wrong] if wrong else found

    def normalised(self, parts: Parts) -> Parts:
        """Write the parts as the type writes them."""
        if self.by_parts:
            parts = self.by_parts(parts)
        return Parts(
            self.of_namespace(parts.namespace) if parts.namespace else None,
            self.of_name(parts.name),
            self.of_version(parts.version) if parts.version else None,
            parts.qualifiers,
        )


def of(kind: str) -> Rule:
    """Give a type's rules."""
    return _RULES.get(kind, _PLAIN)


def _matching(pattern: str, message: str) -> Callable[[Parts], str | None]:
    form = re.compile(pattern, re.ASCII)
    return lambda parts: None if form.fullmatch(parts.name) else message


def _dashed(name: str) -> str:
    return name.lower().replace("_", "-")


def _cpan(parts: Parts) -> str | None:
    """A distribution has an author and dashes; a module has colons and no author."""
    return "a distribution's name has no `::`" if "::" in parts.name else None


def _mlflow(parts: Parts) -> Parts:
    """Azure Databricks folds names, other registries keep them."""
    folded = "azuredatabricks" in parts.qualifiers.get("repository_url", "")
    return replace(parts, name=parts.name.lower()) if folded else parts


def _git(parts: Parts) -> Parts:
    """The host is the namespace, the whole path behind it the name."""
    host, _, path = (parts.namespace or "").partition("/")
    return replace(
        parts, namespace=host or None, name=f"{path}/{parts.name}" if path else parts.name
    )


_PLAIN = Rule()
_FOLDED = Rule(of_namespace=str.lower, of_name=str.lower)
_ALONE = Rule(namespace=False)
_RULES = {
    "alpm": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "apk": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "bitbucket": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "bitnami": Rule(False, of_name=str.lower),
    "brew": _FOLDED,
    "cargo": _ALONE,
    "chrome-extension": Rule(False, checked=_matching(r"[a-p]{32}", "it is 32 letters a to p")),
    "cocoapods": _ALONE,
    "composer": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "conda": Rule(False, of_name=str.lower),
    "cpan": Rule(of_namespace=str.upper, checked=_cpan),
    "cran": _ALONE,
    "deb": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "gem": _ALONE,
    "git": Rule(True, by_parts=_git, paths=True),
    "github": Rule(True, of_namespace=str.lower, of_name=str.lower),
    "golang": _FOLDED,
    "hackage": _ALONE,
    "hex": _FOLDED,
    "huggingface": Rule(of_version=str.lower),
    "julia": Rule(False, qualifiers=("uuid",)),
    "luarocks": Rule(of_namespace=str.lower, of_name=str.lower, of_version=str.lower),
    "maven": Rule(True),
    "mlflow": Rule(False, by_parts=_mlflow),
    "npm": _FOLDED,
    "nuget": _ALONE,
    "oci": Rule(False, of_name=str.lower),
    "opam": _ALONE,
    "otp": Rule(False, of_name=str.lower),
    "pub": Rule(False, of_name=str.lower),
    "pypi": Rule(False, of_name=_dashed),
    "qpkg": Rule(True, of_namespace=str.lower),
    "rpm": Rule(of_namespace=str.lower),
    "swid": Rule(qualifiers=("tag_id",)),
    "swift": Rule(True, version=True),
    "vcpkg": _ALONE,
    "vscode-extension": Rule(True, of_namespace=str.lower, of_name=str.lower, of_version=str.lower),
}
