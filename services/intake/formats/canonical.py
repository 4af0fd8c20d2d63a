"""What parsers return: a document's content in the contracts' words, before intake decides."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from schemas.advisories import Vulnerability
from schemas.catalogue import EntityRegistered, ProductRegistered, SiteRegistered
from schemas.devices import DeviceRegistered
from schemas.sboms import Component
from schemas.signals import IncidentReported, ReportReceived, SignalSource
from services.intake.formats.error import Fault

LONGEST_NAME = 512
"""What the contracts take as a name; a component's longer name or reference is cut."""
MAX_COMPONENTS = 200_000
"""An SBOM with more was made to fill memory; whole distributions have fewer packages."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A source's claim that a vulnerability is exploited; `reported_at` is the source's date."""

    source: SignalSource
    identifier: str
    reporter: str
    reported_at: datetime | None
    evidence: str = ""
    ransomware: bool | None = None

    @property
    def signal(self) -> str:
        """The evidence's id: the same listing has the same id, whichever document it came in."""
        return f"{self.source.value}/{self.reporter}/{self.identifier}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One advisory as its source has it now. `withdrawn` is the reason for taking it back.

    `modified_in` points to the field of the document that says `modified_at`.
    """

    advisory: str
    source: str
    vulnerabilities: tuple[Vulnerability, ...]
    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    published_at: datetime | None = None
    modified_at: datetime | None = None
    modified_in: str | None = None
    evidence: tuple[Evidence, ...] = ()
    withdrawn: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Advisories:
    """One or many advisories; `faults` are records of a collection that could not be read."""

    format: str
    statements: tuple[Statement, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class KevCatalogue:
    """A whole state of the CISA catalogue of known exploited vulnerabilities."""

    released_at: datetime
    entries: tuple[Evidence, ...]
    format: str = "kev"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an SBOM says it describes; `product` is our catalogue's id, where it names one.

    `name_at` and `version_at` are where the document says these, or should.
    """

    product: str | None
    name: str | None
    version: str | None
    hardware: str = ""
    name_at: str = "/metadata/component/name"
    version_at: str = "/metadata/component/version"


@dataclass(frozen=True, slots=True)
class Author:
    """Who made an SBOM's data; a person's name goes to fewer readers than an organisation's."""

    name: str
    person: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an SBOM comes from, and how its graph calls the product; nothing of it is emitted.

    `product` is the described element as if it were a component. `repeated` are references that
    the document gives to more than one component.
    """

    authors: tuple[Author, ...] = ()
    tools: tuple[str, ...] = ()
    made_at: datetime | None = None
    product: Component | None = None
    repeated: tuple[str, ...] = ()

    def by(self, organisation: str) -> "Origin":
        """The origin with this organisation as author, before the persons who are."""
        persons = tuple(each for each in self.authors if each.person)
        return replace(self, authors=(Author(organisation), *persons))


@dataclass(frozen=True, slots=True)
class Sbom:
    """An SBOM: its subject and its flat component list.

    `said` is what it says of vulnerabilities in its product, and `unread` what of that is not read.
    """

    format_version: str
    subject: Subject
    components: tuple[Component, ...]
    dependencies: tuple[tuple[str, str], ...]
    format: str = "cyclonedx-json"
    origin: Origin = Origin()
    said: Statement | None = None
    unread: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """Personal data of a site's contact or a reporter: encrypted, erasable, never emitted."""

    name: str
    role: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a catalogue or report file: the contract's value, and what does not travel in it.

    Instants that intake sets (`registered_at`, a missing `received_at`) hold a placeholder.
    """

    value: (
        ProductRegistered
        | EntityRegistered
        | SiteRegistered
        | DeviceRegistered
        | ReportReceived
        | IncidentReported
    )
    pointer: str
    retired: bool = False
    contact: Contact | None = None
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Register:
    """A file of ours: products, entities, sites, devices, reports and incidents, in file order."""

    entries: tuple[Entry, ...]
    format: str = "patchvigil"
    faults: tuple[Fault, ...] = field(default=())


Document: TypeAlias = Advisories | KevCatalogue | Sbom | Register
