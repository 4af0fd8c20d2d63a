"""What lock files and lists of packages say that a build contains."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.formats.built import contents
from services.intake.formats.error import Fault, FormatError

NPM = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "own", "version": "1.0.0"},
        "packages/part": {"name": "@own/part", "version": "1.0.0"},
        "node_modules/@own/part": {"resolved": "packages/part", "link": True},
        "node_modules/a": {"version": "1.2.3"},
        "node_modules/a/node_modules/@s/b": {"version": "2.0.0"},
        "node_modules/alias": {"name": "real", "version": "3.0.0"},
        "node_modules/dev": {"version": "4.0.0", "dev": True},
        "node_modules/both": {"version": "5.0.0", "devOptional": True},
    },
}
COMPOSER = {
    "content-hash": "x",
    "packages": [{"name": "vendor/lib", "version": "v1.2.0"}],
    "packages-dev": [{"name": "vendor/tests", "version": "9.0"}],
}
UV = """\
version = 1
requires-python = ">=3.11"
[[package]]
name = "own"
version = "0.1"
source = { editable = "." }
[[package]]
name = "Some_Lib"
version = "1.0"
source = { registry = "https://pypi.example" }
"""
POETRY = """\
[[package]]
name = "lib"
version = "1.0"
groups = ["main", "dev"]
[[package]]
name = "old"
version = "2.0"
[[package]]
name = "checker"
version = "3.0"
groups = ["dev"]
[metadata]
content-hash = "x"
"""
CARGO = """\
version = 4
[[package]]
name = "own"
version = "0.1.0"
[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://example"
"""
GO_SUM = """\
github.com/x/y v1.2.3 h1:abc=
github.com/x/y v1.2.3/go.mod h1:def=
github.com/z/w v0.1.0/go.mod h1:ghi=
"""
REQUIREMENTS = """\
# made by the build
--index-url https://pypi.example
Flask[async]==3.0.0 ; python_version > "3.8" \\
    --hash=sha256:abc \\
    --hash=sha256:def
wheel @ https://files.example/wheel.whl  # no version
zope.interface == 6.1
"""


def read(document: Any, *, development: bool = False) -> list[str]:
    """The packages as purls, or name and version."""
    text = document if isinstance(document, str) else json.dumps(document)
    assert contents.is_ours(text.encode())
    found = contents.read(text.encode(), development=development)
    return [each.purl or f"{each.name} {each.version}" for each in found]


def refused(text: str) -> Fault:
    with pytest.raises(FormatError) as caught:
        contents.read(text.encode())
    return caught.value.faults[0]


def test_npm_lists_what_is_installed_without_the_project_and_its_workspaces() -> None:
    shipped = [
        "pkg:npm/a@1.2.3",
        "pkg:npm/%40s/b@2.0.0",
        "pkg:npm/real@3.0.0",
        "pkg:npm/both@5.0.0",
    ]
    assert read(NPM) == shipped
    assert set(read(NPM, development=True)) == {*shipped, "pkg:npm/dev@4.0.0"}


def test_npm_of_an_older_version_is_refused_with_the_mend() -> None:
    fault = refused(json.dumps({"lockfileVersion": 1, "dependencies": {}}))
    assert (fault.code, fault.pointer) == ("unknown_version", "/lockfileVersion")


def test_composer_lists_what_is_for_development_apart() -> None:
    assert read(COMPOSER) == ["pkg:composer/vendor/lib@v1.2.0"]
    assert len(read(COMPOSER, development=True)) == 2


def test_uv_lists_all_but_the_project_itself() -> None:
    assert read(UV) == ["pkg:pypi/some-lib@1.0"]


def test_poetry_takes_groups_where_it_names_them() -> None:
    assert read(POETRY) == ["pkg:pypi/lib@1.0", "pkg:pypi/old@2.0"]
    assert len(read(POETRY, development=True)) == 3


def test_cargo_lists_all_but_the_workspace() -> None:
    assert read(CARGO) == ["pkg:cargo/serde@1.0.200"]


def test_go_sum_counts_modules_whose_code_was_fetched() -> None:
    assert read(GO_SUM) == ["pkg:golang/github.com/x/y@v1.2.3"]


def test_requirements_are_read_over_several_lines_without_options() -> None:
    assert read(REQUIREMENTS) == [
        "pkg:pypi/flask@3.0.0", "pkg:pypi/wheel", "pkg:pypi/zope.interface@6.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("a==1\nb>=2", "not_pinned", "line 2"),
        ("a==1.*", "not_pinned", "line 1"),
        ("a==1\n-r more.txt", "included", "line 2"),
        ("a==1\n\n???", "not_a_package", "line 3"),
        ("pkg:npm/a@1\npkg:npm", "bad_purl", "package 2"),
        ("[[package]]\nname = ", "not_toml", None),
        (POETRY.replace('["main", "dev"]', "5"), "wrong_type", "/package/0/groups"),
        ('{"name": "x"}', "unknown_format", None),
        ("# nothing", "no_components", None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str, code: str, where: str | None
) -> None:
    fault = refused(text)
    assert (fault.code, fault.pointer) == (code, where)
    assert fault.mend


def test_lists_of_installed_packages_are_known_by_name_and_version() -> None:
    assert read("libc6:amd64\t2.36-9+deb12u4\nzlib1g\t1:1.2.13") == [
        "libc6 2.36-9+deb12u4", "zlib1g 1:1.2.13",
    ]  # fmt: skip
    rpms = ["bash-5.1.8-6.el9.x86_64", "gpg-pubkey-8483c65d-5ccc5b19",
            "python3-pip-wheel-21.2-1.noarch"]  # fmt: skip
    assert read("\n".join(rpms)) == ["bash 5.1.8-6.el9", "python3-pip-wheel 21.2-1"]  # fmt: skip


def test_a_list_of_purls_keeps_each_as_written() -> None:
    assert read("# sorted\npkg:npm/%40a/b@1\n\npkg:deb/debian/x@2?arch=amd64") == [
        "pkg:npm/%40a/b@1", "pkg:deb/debian/x@2?arch=amd64",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sbom", ['{"bomFormat": "CycloneDX"}', "<bom/>", "# x\nSPDXVersion: SPDX-2.3"]
)
def test_an_sbom_is_left_to_its_own_parser(sbom: str) -> None:
    assert not contents.is_ours(sbom.encode())


ANY = [json.dumps(NPM), json.dumps(COMPOSER), UV, POETRY, CARGO, GO_SUM, REQUIREMENTS]


@given(st.sampled_from(ANY), st.data())
def test_whatever_the_text_only_the_declared_error_is_raised(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    size = data.draw(st.integers(0, 20))
    put = data.draw(st.sampled_from(["", "[", "{}", "null", "1", '"', "\n", " = ", "==", "é"]))
    with suppress(FormatError):
        contents.read((text[:start] + put + text[start + size :]).encode())
