"""The shapes of triage's policy packs: rule data with its source, owner and date, never code.

A pack is a company's choice. What is law in it is cited entry by entry, and no pack decides
anything: it proposes a band, words a question, or names the evidence that a person must give.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from schemas.cases import Category

Text = Annotated[str, Field(min_length=1)]
_TENTHS = 10


def _no_verdict(text: str) -> str:
    """Refuse words that would decide for a person (regulatory fact table, row 26)."""
    for word in ("required", "exempt"):
        if word in text.lower():
            raise ValueError(f"says {word!r}: a verdict reads 'assess …' or 'document …'")
    return text


Advice = Annotated[Text, AfterValidator(_no_verdict)]


class Part(BaseModel):
    """An immutable part of a pack; a field it does not know is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pack(Part):
    """What every pack says of itself."""

    id: Text
    version: Text
    kind: Literal["policy"]
    title: Text
    source: Text
    source_date: date
    owner: Text
    review_on: date

    @property
    def name(self) -> str:
        """Pack and version, as events cite it: `clinical-bands@2026.11`."""
        return f"{self.id}@{self.version}"


class Fact(StrEnum):
    """What can be true of a case and one of its products: it opens questions and entries."""

    MEDICAL_DEVICE = "medical_device"
    EU_DEVICE = "eu_device"
    US_DEVICE = "us_device"
    CYBER_DEVICE = "cyber_device"
    PMA = "pma"
    LEGACY = "legacy"
    CRA_PRODUCT = "cra_product"
    NIS2_ENTITY = "nis2_entity"
    AFFECTED = "affected"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"
    SIGNALLED = "signalled"
    EXPLOITED = "exploited"
    INCIDENT = "incident"
    SAFETY_EVENT = "safety_event"
    MEASURE_APPROVED = "measure_approved"


class Band(Part):
    """A clinical risk band: CVSS base scores from and to, both included, and its timeline."""

    id: Text
    title: Text
    from_score: float = Field(ge=0, le=10)
    to_score: float = Field(ge=0, le=10)
    meaning: Text
    fix_timeline: Text
    mitigate_hours_from: int | None = None
    mitigate_hours_to: int | None = None
    fix_days_from: int | None = None
    fix_days_to: int | None = None


class Raise(Part):
    """Steps up for what a product does to patients."""

    when: Literal["life_sustaining", "death", "serious"]
    steps: int = Field(ge=1, le=3)
    ground: Text


class ClinicalBands(Pack):
    """Bands in rising order, without a hole between two tenths of a score."""

    bands: tuple[Band, ...] = Field(min_length=1)
    prefer: tuple[Literal["4.0", "3.1", "3.0", "2.0"], ...] = Field(min_length=1)
    unscored: Text
    raises: tuple[Raise, ...] = ()

    @model_validator(mode="after")
    def _covers_every_score(self) -> Self:
        following = 0
        for band in self.bands:
            if round(band.from_score * _TENTHS) != following:
                raise ValueError(f"band {band.id} has to start at {following / _TENTHS}")
            if band.to_score < band.from_score:
                raise ValueError(f"band {band.id} ends before it starts")
            following = round(band.to_score * _TENTHS) + 1
        if following != 10 * _TENTHS + 1:
            raise ValueError(f"the last band has to end at 10.0, not {(following - 1) / _TENTHS}")
        if self.unscored not in {band.id for band in self.bands}:
            raise ValueError(f"unscored names no band: {self.unscored}")
        return self

    def rank(self, band: str) -> int | None:
        """The place of a band from the mildest, or None where there is no such band."""
        return next((n for n, each in enumerate(self.bands) if each.id == band), None)


class PathwayEntry(Part):
    """One thing to assess or document, for these kinds of change, bands and product facts."""

    categories: tuple[Category, ...] = Field(min_length=1)
    bands: tuple[Text, ...] = ()
    when: Fact | None = None
    unless: Fact | None = None
    text: Advice
    source: Text


class BodyRoute(Part):
    """How a change reaches the Notified Body under one kind of certificate."""

    route: Literal["approval", "notify", "none", "undetermined"]
    text: Advice
    source: Text


class EmergencyBasis(Part):
    """A ground for releasing a change sooner; one that is not accepted says why."""

    accepted: bool
    text: Advice
    source: Text


class ChangePathways(Pack):
    """What each kind of change asks in the US and the EU."""

    categories: dict[Category, Text]
    us: tuple[PathwayEntry, ...]
    eu: tuple[PathwayEntry, ...]
    notified_body_routes: dict[str, BodyRoute]
    emergency_bases: dict[str, EmergencyBasis]

    @model_validator(mode="after")
    def _answers_every_case(self) -> Self:
        if missing := set(Category) - set(self.categories):
            raise ValueError(f"categories lacks {', '.join(sorted(missing))}")
        if "unknown" not in self.notified_body_routes:
            raise ValueError("notified_body_routes lacks `unknown`: a certificate may not be known")
        return self


class Question(Part):
    """A question that only a person may answer.

    `opens_when` is a list of alternatives, each a list of facts that must all hold. A fact of
    `asked_again_by` that is newer than the answer asks again. An incident assessment under a regime
    of `answered_by_incident` answers it too. `happened` names the instant that an answer may state,
    where a period runs from that.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")]
    title: Text
    source: Text
    outcomes: tuple[Text, ...] = Field(min_length=1)
    negative: tuple[Text, ...] = ()
    roles: tuple[Text, ...] = Field(min_length=1)
    opens_when: tuple[tuple[Fact, ...], ...] = ()
    asked_again_by: tuple[Fact, ...] = ()
    answered_by_incident: tuple[Text, ...] = ()
    happened: Text | None = None

    @model_validator(mode="after")
    def _knows_its_outcomes(self) -> Self:
        if stray := set(self.negative) - set(self.outcomes):
            raise ValueError(f"negative names no outcome: {', '.join(sorted(stray))}")
        return self


class DecisionQuestions(Pack):
    """Every question, each once."""

    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _asks_each_once(self) -> Self:
        seen: set[str] = set()
        for question in self.questions:
            if question.id in seen:
                raise ValueError(f"question {question.id} is there twice")
            seen.add(question.id)
        return self

    def question(self, id_: str) -> Question | None:
        """The question of this id, or None."""
        return next((each for each in self.questions if each.id == id_), None)


class Gate(Part):
    """A gate: what must be proven, and for how many days a proof holds at most."""

    id: Text
    title: Text
    valid_days: int = Field(ge=1)
    source: Text
    mend: Text


class GatePolicy(Pack):
    """The gates that block a wave, and the coverage from which the field counts as verified."""

    gates: tuple[Gate, ...] = Field(min_length=1)
    coverage_percent: float = Field(gt=0, le=100)

    def gate(self, id_: str) -> Gate | None:
        """The gate of this id, or None."""
        return next((each for each in self.gates if each.id == id_), None)
