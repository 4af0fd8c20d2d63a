"""A distribution's advisory bears on packages of its release, and on no other release's."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Verdict
from schemas.sboms import Component
from services.intake.formats import osv
from services.sbom_matcher.domain import claims, distro, handles, matching, purl
from services.sbom_matcher.domain.matching import Stated, Stock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record(ecosystem: str, fixed: str, name: str = "openssl", **package: str) -> list[Stated]:
    """What an OSV record claims of a distribution's package below its fix."""
    entry: dict[str, Any] = {
        "package": {"ecosystem": ecosystem, "name": name, **package},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
    }
    statement = osv.parse({"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": [entry]})
    [vulnerability] = statement.vulnerabilities
    return [
        Stated(number, "X-1", "osv/X-1", NOW, claim)
        for number, claim in enumerate(claims.read(vulnerability.assertions))
    ]


def verdicts(stated: list[Stated], text: str) -> set[Verdict]:
    component = Component(ref="r", name="libssl", version="1", purl=text)
    stock = Stock("pump", "1", "", "c", handles.of_component(component))
    found = matching.match([stock], stated, NOW)
    return {met.verdict for mets in found.values() for met in mets}


@pytest.mark.parametrize(("ecosystem", "component", "bears"), [
    ("Debian:12", "pkg:deb/debian/openssl@3.0.9-1?distro=debian-12", True),
    ("Debian:12", "pkg:deb/debian/openssl@3.0.9-1?distro=debian-12.4", True),
    ("Debian:12", "pkg:deb/debian/openssl@3.0.9-1?distro=bookworm", True),
    ("Debian:12", "pkg:deb/debian/openssl@3.0.9-1", True),
    ("Debian", "pkg:deb/debian/openssl@3.0.9-1?distro=debian-11", True),
    ("Debian:12", "pkg:deb/debian/openssl@1.1.1n-0+deb11u3?distro=debian-11", False),
    ("Debian:12", "pkg:deb/debian/openssl@1.1.1n-0+deb11u3?distro=bullseye", False),
    ("Debian:12", "pkg:deb/debian/openssl@3.0.9-1?distro=sid", True),
    ("Debian:12", "pkg:deb/ubuntu/openssl@3.0.2?distro=ubuntu-22.04", False),
    ("Ubuntu:22.04:LTS", "pkg:deb/ubuntu/openssl@3.0.2?distro=jammy", True),
    ("Ubuntu:Pro:18.04:LTS", "pkg:deb/ubuntu/openssl@1.1.1?distro=ubuntu-18.04", True),
    ("Ubuntu:Pro:18.04:LTS", "pkg:deb/ubuntu/openssl@1.1.1?distro=ubuntu-22.04", False),
    ("Alpine:v3.18", "pkg:apk/alpine/openssl@3.1.0-r0?distro=alpine-3.18.2", True),
    ("Alpine:v3.18", "pkg:apk/alpine/openssl@3.1.0-r0?distro=3.18.2", True),
    ("Alpine:v3.18", "pkg:apk/alpine/openssl@3.1.0-r0?distro=alpine-3.17.9", False),
    ("Red Hat:enterprise_linux:9::baseos", "pkg:rpm/redhat/openssl@3.0.1-1?distro=rhel-9.2", True),
    ("Red Hat:rhel_eus:8.6::baseos", "pkg:rpm/redhat/openssl@3.0.1-1?distro=rhel-9.2", False),
    ("Rocky Linux:9", "pkg:rpm/rocky/openssl@3.0.1-1?distro=rocky-9.1", True),
    ("Rocky Linux:8", "pkg:rpm/rocky/openssl@3.0.1-1?distro=rocky-9.1", False),
    ("SUSE:Linux Enterprise Server 15 SP3", "pkg:rpm/sles/openssl@1.1.0-1?distro=sles-15.3", True),
    ("SUSE:Linux Enterprise Server 15 SP3", "pkg:rpm/sles/openssl@1.1.0-1?distro=sles-15.5", False),
    ("openSUSE:Leap 15.4", "pkg:rpm/opensuse/openssl@1.1.0-1?distro=opensuse-leap-15.5", False),
])  # fmt: skip
def test_an_advisory_bears_on_its_release_and_on_what_names_none(
    ecosystem: str, component: str, bears: bool
) -> None:
    assert (verdicts(record(ecosystem, "9"), component) == {Verdict.AFFECTED}) is bears


def test_the_records_own_purl_and_release_go_before_its_ecosystem() -> None:
    stated = record("Debian:12", "9", purl="pkg:deb/debian/openssl?arch=source&distro=debian-11")
    assert verdicts(stated, "pkg:deb/debian/openssl@1?distro=debian-11") == {Verdict.AFFECTED}
    assert not verdicts(stated, "pkg:deb/debian/openssl@1?distro=debian-12")


def test_a_version_fixed_in_one_release_may_be_affected_in_another() -> None:
    stated = [*record("Debian:11", "1.1.1w-0+deb11u1"), *record("Debian:12", "3.0.11-1~deb12u1")]
    bullseye = "pkg:deb/debian/openssl@1.1.1w-0+deb11u2?distro=debian-11"
    assert Verdict.AFFECTED not in verdicts(stated, bullseye)
    assert verdicts(stated, bullseye.partition("?")[0]) == {Verdict.AFFECTED}


@pytest.mark.parametrize(("component", "verdict"), [
    ("pkg:deb/debian/libssl3@3.0.9-1?distro=debian-12&upstream=openssl", {Verdict.AFFECTED}),
    ("pkg:deb/debian/libssl3@9-1?distro=debian-12&upstream=openssl%403.0.9-1", {Verdict.AFFECTED}),
    ("pkg:deb/debian/libssl3@9-1?distro=debian-12&upstream=openssl", set()),
    ("pkg:apk/alpine/libssl3@3.0.9-r0?upstream=openssl", set()),
])  # fmt: skip
def test_a_binary_package_is_met_as_the_source_that_it_is_built_of(
    component: str, verdict: set[Verdict]
) -> None:
    assert verdicts(record("Debian:12", "3.0.11"), component) == verdict


def test_an_rpm_names_its_source_with_version_and_release() -> None:
    package = purl.read("pkg:rpm/redhat/openssl-libs@1.1.1k?upstream=openssl-1.1.1k-7.el8.src.rpm")
    assert package
    source = purl.source(package)
    assert source
    assert (source.name, source.version) == ("openssl", "1.1.1k-7.el8")


@pytest.mark.parametrize("written", ["", "debian", "rolling", "tumbleweed", "unknown-1", "v", "-"])
def test_a_release_that_cannot_be_told_excludes_nothing(written: str) -> None:
    package = purl.read(f"pkg:deb/debian/openssl@1?distro={written}")
    assert package
    assert distro.traits(package) is None


def test_other_types_of_packages_have_no_release() -> None:
    package = purl.read("pkg:npm/debian@1?distro=debian-11")
    assert package
    assert distro.traits(package) is None


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(("apk", "deb", "rpm")))
def test_no_release_or_source_makes_reading_fail(release: str, source: str, kind: str) -> None:
    text = f"pkg:{kind}/debian/a@1?distro={quote(release)}&upstream={quote(source)}"
    component = Component(ref="r", name="a", version="1", purl=text)
    stated = record(f"Debian:{release}", "9", purl=text)
    stock = Stock("pump", "1", "", "c", handles.of_component(component))
    assert matching.match([stock], stated, NOW) is not None
