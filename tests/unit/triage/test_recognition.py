"""A case that is opened again keeps the id that others know it by, whichever fact comes first."""

from services.triage.domain.recognition import Opening, Told, recognise


def vulnerability(name: str, *aliases: str, reports: tuple[str, ...] = ()) -> Opening:
    return Opening(name, frozenset((name, *aliases)), frozenset(reports))


def report(name: str, *identifiers: str) -> Opening:
    return Opening(None, frozenset(identifiers), frozenset((name,)))


def told(
    number: int, vulnerability: str | None, *identifiers: str, report: str | None = None
) -> Told:
    return Told(f"PV-2026-{number:04}", vulnerability, frozenset(identifiers), report)


def test_a_case_is_known_by_its_vulnerability_or_by_its_report() -> None:
    known = [told(2, "GHSA-1", "CVE-1", "GHSA-1"), told(1, None, "CVE-2", report="R-1")]
    openings = [report("R-1", "CVE-2"), vulnerability("GHSA-1", "CVE-1")]
    assert recognise(openings, known) == ["PV-2026-0001", "PV-2026-0002"]


def test_a_case_that_began_with_a_report_is_known_by_what_the_report_named() -> None:
    known = [told(1, None, "CVE-1", report="R-1")]
    assert recognise([vulnerability("GHSA-1", "CVE-1")], known) == ["PV-2026-0001"]


def test_a_case_that_began_with_a_report_without_a_name_is_known_by_the_report() -> None:
    known = [told(1, None, report="R-1")]
    assert recognise([vulnerability("GHSA-1", reports=("R-1",))], known) == ["PV-2026-0001"]


def test_a_report_that_comes_first_now_takes_the_id_of_the_vulnerability_it_names() -> None:
    known = [told(1, "GHSA-1", "CVE-1", "GHSA-1")]
    assert recognise([report("R-1", "CVE-1")], known) == ["PV-2026-0001"]


def test_a_vulnerability_that_goes_by_another_of_its_names_is_known_by_both() -> None:
    known = [told(1, "CVE-1", "CVE-1")]
    assert recognise([vulnerability("GHSA-1", "CVE-1")], known) == ["PV-2026-0001"]


def test_a_report_that_names_two_does_not_make_one_of_them_the_other() -> None:
    known = [told(1, "GHSA-2", "CVE-1", "CVE-2", "GHSA-2")]
    assert recognise([vulnerability("GHSA-1", "CVE-1")], known) == [None]


def test_two_reports_of_one_thing_do_not_trade_their_ids() -> None:
    known = [told(1, None, "CVE-1", report="R-1")]
    assert recognise([report("R-2", "CVE-1")], known) == [None]
    assert recognise([report("R-2", "CVE-1"), report("R-1", "CVE-1")], known) == [
        None, "PV-2026-0001",
    ]  # fmt: skip


def test_of_several_ids_a_case_takes_the_oldest_and_no_id_is_given_twice() -> None:
    known = [told(10000, None, "CVE-1", report="R-2"), told(9, None, "CVE-1", report="R-1")]
    openings = [vulnerability("GHSA-1", "CVE-1"), vulnerability("GHSA-2", "CVE-1")]
    assert recognise(openings, known) == ["PV-2026-0009", "PV-2026-10000"]


def test_what_nobody_knows_is_new() -> None:
    assert recognise([vulnerability("GHSA-1"), report("R-9")], []) == [None, None]
