"""The packs in force as of a transaction: the installation's, overlaid by those people applied.

PostgreSQL says what is applied, so that every replica decides by the same packs without a restart.
A transaction compares one row; the packs themselves are read again only where that changed.
"""

import logging
from uuid import UUID

from services.deadline_clock.domain.pack_document import PackError
from services.deadline_clock.library import Library, library, overlaid
from services.deadline_clock.store import packs
from services.kit.database import Connection
from services.kit.unit import Unit

_log = logging.getLogger(__name__)
_REMEMBERED = 4
_known: dict[UUID, Library] = {}
"""Editions as this process has read them, the oldest first; an edition never changes."""


class UnusablePacksError(ConnectionError):
    """This process cannot use the packs in force: it must not decide, and tries again later.

    So it is where a replica of an older release meets a pack that only a newer one can read.
    """


async def hold(unit: Unit) -> Library:
    """The packs to decide by; no others come into force before this unit ends.

    It is asked before anything else is locked.

    Raises:
        UnusablePacksError: this process cannot use them.
    """
    await packs.hold(unit.db, unit.service)
    return await read(unit.db)


async def read(db: Connection) -> Library:
    """The packs in force now, to answer by.

    Raises:
        UnusablePacksError: this process cannot use them.
    """
    edition = await packs.edition(db)
    if edition is None:
        return library()
    if edition not in _known:
        try:
            found = overlaid(library(), await packs.in_force(db))
        except PackError as error:
            _log.critical("the packs in force cannot be used here: %s", error)
            raise UnusablePacksError(f"the packs in force cannot be used here: {error}") from error
        while len(_known) >= _REMEMBERED:
            del _known[next(iter(_known))]
        _known[edition] = found
    return _known[edition]
