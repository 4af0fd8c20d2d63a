"""Gives each component of an SBOM a reference that is unique in it and short enough to keep."""

from services.intake.formats.canonical import LONGEST_NAME, MAX_COMPONENTS
from services.intake.formats.error import FormatError


class References:
    """The references given so far; a repeated one gets a number: both components are kept."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._first: dict[str, str] = {}
        self._repeats: dict[str, int] = {}

    def give(self, written: str | None) -> str:
        """The next component's reference, made of its position where the document has none.

        Raises:
            FormatError: more components than an SBOM may have.
        """
        if len(self._taken) >= MAX_COMPONENTS:
            raise FormatError(
                "too_many",
                f"more than {MAX_COMPONENTS} components",
                "send one SBOM for each product that the document holds",
            )
        wanted = (written or f"#{len(self._taken) + 1}")[:LONGEST_NAME]
        given = wanted
        while given in self._taken:
            number = self._repeats[wanted] = self._repeats.get(wanted, 1) + 1
            ending = f"~{number}"
            given = wanted[: LONGEST_NAME - len(ending)] + ending
        self._taken.add(given)
        if written:
            self._first.setdefault(written, given)
        return given

    @property
    def repeated(self) -> tuple[str, ...]:
        """What the document gives as reference to more than one component."""
        return tuple(self._repeats)

    def of(self, written: str) -> str | None:
        """The reference given to what the document calls so (the first, if several); else None."""
        return self._first.get(written)
