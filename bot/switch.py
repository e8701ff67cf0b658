"""The switch: stops guidance, and only guidance. The emergency card, the contacts and all records go on."""

from __future__ import annotations

import logging

from bot.access import Person
from bot.answering import messages
from bot.desk import STORAGE_FAILS, Desk, where
from bot.privacy import Guard
from bot.storage import switchings
from bot.storage.database import Transaction

log = logging.getLogger(__name__)

LONGEST_REASON = 200
"""Characters; it stands in every reply."""


class WrongReason(Exception):
    """A reason that practitioners cannot be shown; the message says what to do."""


def reason_of(text: str, guard: Guard) -> str:
    """The reason, as practitioners will read it.

    Raises: WrongReason.
    """
    reason = " ".join(text.split())
    if not reason:
        raise WrongReason("Say why, in a few words: everybody who asks is told.")
    if len(reason) > LONGEST_REASON:
        raise WrongReason(f"Say it in {LONGEST_REASON} characters at most: it stands in every reply.")
    if found := guard.find(reason):
        raise WrongReason(messages.identifiers(found))
    return reason


class Switch:
    """Turns guidance off and on. Another process may do so too: `look` is called every few seconds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def look(self) -> None:
        """Take over what the database says. While it cannot be read, what was known last holds."""
        if self._desk.store is None:
            return
        try:
            self._desk.switched_off = await self._desk.store.read(switchings.off_because)
        except STORAGE_FAILS as error:
            log.error("the switch could not be read: %s", where(error))

    async def turn(self, reason: str | None, by: Person | None) -> bool:
        """Switch guidance off for a reason, or on again without one; whether it stands."""
        at = self._desk.clock()

        def work(tx: Transaction) -> bool:
            switchings.add(tx, reason, at, by.id if by else None)
            return True

        if not await self._desk.written(work):
            return False
        self._desk.switched_off = reason
        log.warning("guidance was switched %s", "on" if reason is None else "off")
        return True
