"""Policy on bills of materials: each release is reviewed within days, all of them quarterly."""

from collections.abc import Iterator

from schemas.clocks import Anchor, ClockState
from services.deadline_clock.domain.acts import SbomDuty, SbomReview
from services.deadline_clock.domain.rules import AnchorName
from services.deadline_clock.domain.standing import Met, Question, Standing

_WRITER = "sbom-matcher"


def of_releases(question: Question) -> tuple[Standing, ...]:
    """One clock a registered revision, until a person reviews it or a newer one comes."""
    return tuple(_of_release(question, each) for each in _duties(question))


def of_quarters(question: Question) -> tuple[Standing, ...]:
    """One clock a period without a review: from the first release, then from each review."""
    found: list[Standing] = []
    for place in sorted({(each.version, each.hardware) for each in _duties(question)}):
        found += _periods(question, *place)
    return tuple(found)


def _of_release(question: Question, duty: SbomDuty) -> Standing:
    review = next(
        (each for each in _reviews(question) if duty.duty in each.meets),
        None,
    )
    newer = any(
        (each.version, each.hardware) == (duty.version, duty.hardware)
        and each.revision > duty.revision
        for each in _duties(question)
    )
    if review is None and newer:
        return Standing(
            state=ClockState.SUPERSEDED,
            because=f"a newer revision than {duty.revision} is registered",
            announced=False,
            reopen_trigger="that revision is withdrawn",
            occurrence=duty.duty,
        )
    flat = " without transitive dependencies" if duty.flat else ""
    return Standing(
        state=ClockState.RUNNING,
        because=f"revision {duty.revision} of {duty.version} was registered{flat}",
        anchor=_anchor(AnchorName.RELEASED_AT, duty),
        met=_met(review) if review is not None else None,
        occurrence=duty.duty,
    )


def _periods(question: Question, version: str, hardware: str) -> Iterator[Standing]:
    mine = [
        each for each in _duties(question) if (each.version, each.hardware) == (version, hardware)
    ]
    reviews = [
        each for each in _reviews(question) if (each.version, each.hardware) == (version, hardware)
    ]
    first = mine[0]
    begun = [(_anchor(AnchorName.PERIOD_BEGAN_AT, first), first.duty)]
    for each in reviews:
        anchor = Anchor(
            name=AnchorName.PERIOD_BEGAN_AT,
            at=each.reviewed_at,
            set_by=each.reviewed_by,
            set_at=each.reviewed_at,
            evidence=f"review {each.review} of {version}",
        )
        begun.append((anchor, each.review))
    ends = [_met(each) for each in reviews]
    for number, (anchor, occurrence) in enumerate(begun):
        yield Standing(
            state=ClockState.RUNNING,
            because=f"{version} was last looked at then ({anchor.evidence})",
            anchor=anchor,
            met=ends[number] if number < len(ends) else None,
            occurrence=occurrence,
        )


def _duties(question: Question) -> list[SbomDuty]:
    mine = [each for each in question.facts.sbom_duties if each.product == question.product]
    return sorted(mine, key=lambda each: (each.due_since, each.revision))


def _reviews(question: Question) -> list[SbomReview]:
    mine = [each for each in question.facts.sbom_reviews if each.product == question.product]
    return sorted(mine, key=lambda each: (each.reviewed_at, each.review))


def _anchor(name: AnchorName, duty: SbomDuty) -> Anchor:
    return Anchor(
        name=name,
        at=duty.due_since,
        set_by=_WRITER,
        set_at=duty.due_since,
        evidence=f"revision {duty.revision} of the SBOM of {duty.version} was registered",
    )


def _met(review: SbomReview) -> Met:
    return Met(review.reviewed_at, f"review {review.review} by {review.reviewed_by}")
