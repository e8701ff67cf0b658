"""What practitioners report beside asking: a service that gave no adequate answer, and what is wrong in an entry."""

from __future__ import annotations

from bot.access import Person
from bot.desk import Desk
from bot.storage import claims, corrections, quick_records
from bot.storage.database import Transaction
from bot.tickets import no_answer
from bot.tickets.no_answer import NextStep, NoAnswer


class Reports:
    """Records what is reported, once for a claim: whatever is sent twice makes one record."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def next_step(self, contact_id: str) -> NextStep | None:
        """What to do when a service gives no adequate answer; None where there is no such service."""
        contact = self._desk.library.directory.contacts.get(contact_id)
        if contact is None or not no_answer.can_be_reported(contact):
            return None
        knowledge = self._desk.library.knowledge
        entries = knowledge.entries if knowledge else {}
        return no_answer.next_step(contact, self._desk.library.directory, entries, self._desk.clock())

    async def no_answer(
        self, record: NoAnswer, *, channel: str, claim: str, person: Person | None = None, agency: str | None = None
    ) -> str | None:
        """Record that a service gave no adequate answer: the reference, the same for the same claim.

        None where it could not be recorded.
        """
        at = self._desk.clock()

        def work(tx: Transaction) -> str:
            earlier = claims.result_of(tx, claim)
            if earlier is not None:
                return earlier
            reference = quick_records.add_no_answer(
                tx, record, at=at, channel=channel, person_id=person.id if person else None, agency=agency
            )
            claims.claim(tx, claim, at, reference)
            return reference

        return await self._desk.written(work)

    async def correction(
        self,
        entry: str,
        text: str,
        *,
        channel: str,
        claim: str,
        person: Person | None = None,
        agency: str | None = None,
    ) -> bool:
        """Record what somebody thinks is wrong with an entry, once for a claim. The text passed the privacy guard."""
        at = self._desk.clock()

        def work(tx: Transaction) -> bool:
            if claims.claim(tx, claim, at, entry):
                corrections.suggest(
                    tx,
                    entry,
                    text,
                    at=at,
                    channel=channel,
                    knowledge_version=self._desk.library.version,
                    person_id=person.id if person else None,
                    agency=agency,
                )
            return True

        return bool(await self._desk.written(work))
