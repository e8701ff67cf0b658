"""Who is told of feedback requests: referrers of what happens, and the MASH once a day of what waits for it.

The MASH gets no message for a single request, so that sixty of them a day do not bury it: the requests stand in its
list, and one message on the morning of each working day says how many there are and how old they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.config import Settings
from bot.storage import claims, feedback, outbox, people
from bot.storage.database import Transaction
from bot.storage.outbox import MessageKind, Waiting
from bot.tickets.clock import Audience, Reminder
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.feedback.notices import FeedbackSpeaking
from bot.tickets.ticket import Event, Kind

SLACK = "slack"
TELLS_THE_REFERRER = frozenset(
    {Kind.OPENED, Kind.FOUND, Kind.UNMATCHED, Kind.NOT_RECEIVED, Kind.ANSWERED, Kind.LAPSED, Kind.LEFT, Kind.REOPENED}
    | {Kind.HEARD, Kind.RESENT, Kind.SATISFIED, Kind.NOT_SATISFIED, Kind.ESCALATED, Kind.WITHDRAWN}
)
"""Events of which the referrer hears at once, unless they did it themselves; the others they see on opening it."""


@dataclass(frozen=True)
class Mash:
    """Queues messages. Nothing that was typed is in any of them."""

    officers: tuple[str, ...] = ()
    """MASH_OFFICERS: Slack user ids, groups or e-mail addresses."""
    channel: str | None = None
    """MASH_CHANNEL: where the message of the day goes; without one, to each of the officers."""
    managers: tuple[str, ...] = ()
    enabled: bool = True
    """Whether there is a Slack to tell anybody in."""

    @property
    def reached(self) -> bool:
        """Whether anybody of the MASH works with the bot: only officers can open the list."""
        return self.enabled and bool(self.officers)

    def happened(self, tx: Transaction, speaking: FeedbackSpeaking, event: Event) -> None:
        """Tell the referrer's side of an event, unless it was they who did it."""
        if not self.enabled or event.kind not in TELLS_THE_REFERRER:
            return
        begun = event.kind is Kind.OPENED
        text = "\n".join(speaking.recorded(event.at)) if begun else speaking.happened(event)
        actor = people.address(tx, SLACK, event.person_id) if event.person_id else None
        told = dict.fromkeys(self._referrers(tx, speaking, event.at), MessageKind.PROMPT)
        if speaking.state.raiser_left and not told:
            told = dict.fromkeys(self.managers, MessageKind.TICKET)
        for address, kind in told.items():
            if address != actor or begun:  # whoever asks has it in writing
                name = f"{event.ticket}:{event.seq}:{address}"
                outbox.queue(tx, SLACK, address, text, event.at, kind=kind, ticket=event.ticket, dedupe=name)

    def remind(self, tx: Transaction, speaking: FeedbackSpeaking, step: Reminder, at: datetime) -> None:
        """Send a prompt to those it is for."""
        if not self.enabled:
            return
        state, text = speaking.state, speaking.reminder(step, at)
        asked = list(self._referrers(tx, speaking, at))
        if step.audience is not Audience.RAISER:
            asked += self._leads(speaking, at)
        told = dict.fromkeys(asked, MessageKind.PROMPT)
        if step.audience is Audience.PARTNERSHIP or not told:
            told = dict.fromkeys(self.managers, MessageKind.TICKET) | told
        for address, kind in told.items():
            name = f"remind:{state.reference}:{state.wait}:{step.step}:{address}"
            outbox.queue(tx, SLACK, address, text, at, kind=kind, ticket=state.reference, dedupe=name)

    def daily(self, tx: Transaction, clock: FeedbackClock, at: datetime) -> bool:
        """On the morning of a working day: one message to the MASH, where anything waits. Whether it was queued.

        Once a day, however many processes look and however often.
        """
        if not self.reached or clock.next_office_time(at) > at:
            return False
        day = clock.day(at)
        if not claims.claim(tx, f"mash-list:{day}", at) or not feedback.count_with_mash(tx):
            return False
        for recipient in [self.channel] if self.channel else self.officers:
            self._queue_list(tx, recipient, at, f"mash-list:{day}:{recipient}")
        return True

    def channel_is_gone(self, tx: Transaction, waiting: Waiting, at: datetime) -> None:
        """MASH_CHANNEL cannot be written to any more: the message goes to the officers, and managers hear why."""
        for officer in self.officers:
            self._queue_list(tx, officer, at, f"mash-list:{waiting.id}:{officer}")
        said = (
            "The channel for the MASH (MASH_CHANNEL) cannot be written to: it was archived or removed, or the bot is "
            "not in it. Its message went to the MASH's officers directly. Set another channel, or invite the bot."
        )
        for manager in self.managers:
            outbox.queue(tx, SLACK, manager, said, at, dedupe=f"mash-channel-gone:{waiting.id}:{manager}")

    def _queue_list(self, tx: Transaction, recipient: str, at: datetime, dedupe: str) -> None:
        outbox.queue(tx, SLACK, recipient, "", at, kind=MessageKind.LIST, dedupe=dedupe)

    def _referrers(self, tx: Transaction, speaking: FeedbackSpeaking, at: datetime) -> Iterator[str]:
        """Whoever asked; once they have left, their agency's leads."""
        state = speaking.state
        address = people.address(tx, SLACK, state.raiser) if state.raiser and not state.raiser_left else None
        if address is not None:
            yield address
        elif state.raiser_left:
            yield from self._leads(speaking, at)

    def _leads(self, speaking: FeedbackSpeaking, at: datetime) -> Iterator[str]:
        """The leads of the referrer's agency."""
        agency, on = speaking.partnership.agency_by_id.get(speaking.state.raising), speaking.clock.day(at)
        # Those of no stage of an escalation; where each is named for stages, the first.
        for lead in (agency.leads_at("") or agency.leads[:1]) if agency else ():
            if slack := lead.acting(on).slack:
                yield slack


def mash_of(settings: Settings) -> Mash:
    """Who is told of feedback requests, and whether there is a Slack to tell them in."""
    return Mash(settings.mash_officers, settings.mash_channel, settings.managers, enabled=settings.slack is not None)
