"""The records that people keep here, escalations and feedback requests; what looks after both and tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bot.announcing import announcer_of
from bot.casework import Casework
from bot.config import Settings, WrongSetting, audit_key, kept_audit_key
from bot.desk import Desk
from bot.digests import Digests, Recipients, recipients_of
from bot.escalations import EscalationLedger, Escalations
from bot.feedback import Feedback, FeedbackLedger
from bot.ledger import NotFound
from bot.mash import mash_of
from bot.storage import history
from bot.storage.database import Store
from bot.storage.history import History
from bot.tickets.words import AnyWords
from bot.upkeep import Upkeep


@dataclass(frozen=True)
class Records:
    """Each kind of ticket, and their upkeep."""

    desk: Desk
    escalations: Escalations
    feedback: Feedback
    recipients: Recipients = field(default_factory=Recipients)
    """Who gets the weekly digests."""

    @cached_property
    def upkeep(self) -> Upkeep:
        """What happens to tickets by itself, and what is told every week."""
        return Upkeep(self.desk, [casework.ledger for casework in self._every()], self.digests)

    @cached_property
    def digests(self) -> Digests:
        """The weekly digests."""
        return Digests(self.desk, self.recipients)

    def of(self, reference: str) -> Casework[Any]:
        """The casework that a reference belongs to.

        Raises: NotFound where it is no ticket's.
        """
        prefix = reference.partition("-")[0].upper()
        for casework in self._every():
            if casework.ledger.prefix == prefix:
                return casework
        raise NotFound

    async def speaking(self, reference: str) -> AnyWords | None:
        """How a ticket stands, for messages in which nothing typed stands; None where there is none."""
        try:
            return await self.of(reference).speaking(reference)
        except NotFound:
            return None

    def not_yours(self, reference: str) -> str:
        """What somebody hears who may not open a ticket, or who wrote a reference that there is not."""
        try:
            return self.of(reference).not_yours
        except NotFound:
            return f"{reference[:40]} is no reference of a ticket."

    def _every(self) -> tuple[Casework[Any], ...]:
        return (self.escalations, self.feedback)


def records_of(desk: Desk, settings: Settings) -> Records:
    """The records of a desk.

    Raises: WrongSetting; what the store raises.
    """
    key = matching_audit_key(settings, desk.store)
    escalations = Escalations(EscalationLedger(desk, key, announcer_of(settings)))
    feedback = Feedback(FeedbackLedger(desk, key, mash_of(settings)), escalations)
    return Records(desk, escalations, feedback, recipients_of(settings))


def matching_audit_key(settings: Settings, store: Store | None) -> str:
    """The key of the history.

    Raises: WrongSetting where the database was chained with another, or where its key is missing.
    """
    if store is None:
        return audit_key(settings)
    with store.reading() as tx:
        # Only for a history that has not begun is a key made: a new one would say that all of it was changed.
        key = kept_audit_key(settings) if history.has_begun(tx) else audit_key(settings)
        if not History(key).is_ours(tx):
            raise WrongSetting(
                f"{settings.data_dir / 'audit.key'} is not the key of this database's history: restore the one "
                "that was kept with it"
            )
    return key
