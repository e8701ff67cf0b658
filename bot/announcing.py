"""Who is told of what happens to an escalation: messages queued in the transaction of what they announce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from bot.config import Settings
from bot.knowledge.partnership import Agency, Lead, LeadContact, Partnership
from bot.knowledge.policy import EscalationPolicy
from bot.storage import outbox, people
from bot.storage.database import Transaction
from bot.storage.outbox import MessageKind
from bot.tickets.clock import Audience, Reminder
from bot.tickets.escalations.notices import Speaking
from bot.tickets.escalations.state import Stand
from bot.tickets.ticket import Event, Kind, Side

SLACK = "slack"
SILENT = frozenset({Kind.READ, Kind.REMINDED, Kind.SNOOZED})
"""Events of which nobody is told."""
BEGINS_A_STAGE = frozenset({Kind.OPENED, Kind.REDIRECTED, Kind.HANDED_ON, Kind.REOPENED})
"""Events after which the other side has to be told."""


@dataclass(frozen=True)
class Announcer:
    """Queues messages. Nothing that was typed is in any of them."""

    managers: tuple[str, ...] = ()
    """Slack user ids, groups or e-mail addresses."""
    channel: str | None = None
    """ESCALATIONS_CHANNEL: one message for each escalation, kept up to date."""
    enabled: bool = True
    """Whether there is a Slack to tell anybody in."""

    def opened(self, tx: Transaction, speaking: Speaking, event: Event) -> None:
        """An escalation was raised: whoever raised it has it in writing, and the other side is told."""
        raiser = people.address(tx, SLACK, event.person_id) if event.person_id else None
        if self.enabled and raiser is not None:
            told = self.told_by_the_bot(speaking, event.at)
            text = "\n".join(speaking.recorded(told, event.at))
            self._queue(tx, raiser, text, event.at, event.ticket, f"recorded:{event.ticket}")
        self.happened(tx, speaking, event)

    def happened(self, tx: Transaction, speaking: Speaking, event: Event) -> None:
        """Tell both sides of an event, and keep the channel's message up to date."""
        if event.kind in SILENT or not self.enabled:
            return
        state, name = speaking.state, f"{event.ticket}:{event.seq}"
        if self.channel is not None:
            outbox.queue(
                tx, SLACK, self.channel, "", event.at,
                kind=MessageKind.CARD, ticket=event.ticket, dedupe=f"card:{name}",
            )  # fmt: skip
        told: set[str] = set()
        if event.kind in BEGINS_A_STAGE:
            told |= self._tell_other_side(tx, speaking, event)
        text = speaking.happened(event)
        if event.kind in (Kind.AGREED, Kind.LAPSED, Kind.DECIDED):
            text += f"\n{speaking.ask_whether_filed()}"
        everybody = list(self._people(tx, speaking, Side.RAISING, event.at))
        told_them = event.kind is Kind.TOLD and event.side is Side.BOT and not state.last
        if not told_them:  # else the message that told them has said so
            everybody += self._receivers(tx, speaking, event.at)
        if event.kind is Kind.HANDED_ON:
            everybody += self._left_behind(speaking, event.at)
        if event.kind is Kind.PROPOSED and state.move is not None:
            told |= self._ask_by_hand(tx, speaking, event, state.move)
        if state.last or event.kind in (Kind.WRONG_AGENCY, Kind.LAPSED, Kind.LEFT):
            everybody += self.managers
        actor = people.address(tx, SLACK, event.person_id) if event.person_id else None
        for address in dict.fromkeys(everybody):
            if address != actor and address not in told:
                self._queue(tx, address, text, event.at, event.ticket, f"{name}:{address}")

    def _tell_other_side(self, tx: Transaction, speaking: Speaking, event: Event) -> set[str]:
        """Tell whoever acts at this stage; where the bot reaches nobody, ask people to. Who is told by it."""
        contacts = self.told_by_the_bot(speaking, event.at)
        addresses = [contact.slack for contact in contacts if contact.slack]
        if speaking.state.last:
            addresses = list(self.managers)
        for address in addresses:
            outbox.queue(
                tx, SLACK, address, speaking.told(), event.at,
                kind=MessageKind.TICKET, ticket=event.ticket, wait=speaking.state.wait,
                dedupe=f"tell:{event.ticket}:{event.seq}:{address}",
            )  # fmt: skip
        if addresses:
            return set(addresses)
        return self.tell_by_hand(tx, speaking, event.at)

    def tell_by_hand(self, tx: Transaction, speaking: Speaking, at: datetime) -> set[str]:
        """Ask people to tell the other side, with a text to send. Who is asked."""
        state = speaking.state
        role = None if state.last else next((lead.role for lead in self._leads(speaking)), None)
        by_hand = [*self._people(tx, speaking, Side.RAISING, at), *self.managers]
        for address in dict.fromkeys(by_hand):
            name = f"tell-them:{state.reference}:{state.wait}:{address}"
            self._queue(tx, address, speaking.tell_them(role), at, state.reference, name)
        return set(by_hand)

    def _ask_by_hand(self, tx: Transaction, speaking: Speaking, event: Event, side: Side) -> set[str]:
        """Where the bot reaches nobody who can answer a proposed outcome, ask people to. Who is told by it."""
        if any(self._people(tx, speaking, side, event.at)):
            return set()
        by_hand = {*self._people(tx, speaking, side.other, event.at), *self.managers}
        for address in sorted(by_hand):
            name = f"ask-them:{event.ticket}:{event.seq}:{address}"
            self._queue(tx, address, speaking.ask_them(), event.at, event.ticket, name)
        return by_hand

    def _left_behind(self, speaking: Speaking, at: datetime) -> Iterator[str]:
        """The leads of the stages before: they hear that it went on."""
        state, on, first = speaking.state, speaking.clock.day(at), speaking.policy.stages[0].id
        for stage in state.stages_told:
            sides = (Side.RECEIVING,) if stage == first else (Side.RAISING, Side.RECEIVING)
            for side in sides:
                agency = speaking.partnership.agency_by_id.get(state.agency_of(side) or "")
                leads = agency.leads_at(stage) if agency else ()
                yield from (contact.slack for contact in _acting(leads, on) if contact.slack)

    def reaches(self, speaking: Speaking, side: Side) -> bool:
        """Whether the bot can write to anybody who acts for an agency, at any stage."""
        agency = speaking.partnership.agency_by_id.get(speaking.state.agency_of(side) or "")
        contacts = (contact for lead in (agency.leads if agency else ()) for contact in (lead, lead.deputy))
        return self.enabled and any(contact is not None and contact.slack for contact in contacts)

    def told_by_the_bot(self, speaking: Speaking, at: datetime) -> list[LeadContact]:
        """Who of the other side the bot can tell at this stage."""
        state = speaking.state
        if not self.enabled:
            return []
        if state.last:
            return [LeadContact(role="the partnership's managers")] if self.managers else []
        on = speaking.clock.day(at)
        return [contact for contact in (lead.acting(on) for lead in self._leads(speaking)) if contact.slack]

    def remind(self, tx: Transaction, speaking: Speaking, step: Reminder, at: datetime) -> None:
        """Send a reminder to those it is for."""
        if not self.enabled:
            return
        text = speaking.reminder(step, at)
        for address in dict.fromkeys(self._reminded(tx, speaking, step, at)):
            name = f"remind:{speaking.state.reference}:{speaking.state.wait}:{step.step}:{address}"
            kind = MessageKind.REMINDER if speaking.state.is_open else MessageKind.TICKET
            self._queue(tx, address, text, at, speaking.state.reference, name, kind)

    def _reminded(self, tx: Transaction, speaking: Speaking, step: Reminder, at: datetime) -> Iterator[str]:
        state = speaking.state
        match step.audience:
            case Audience.RAISER:
                yield from self._people(tx, speaking, Side.RAISING, at)
                return
            case Audience.UNFILED:
                for side in (Side.RAISING, Side.RECEIVING):
                    if side not in state.filed:
                        yield from self._people(tx, speaking, side, at)
                return
        move = state.move
        if move is Side.PARTNERSHIP:
            yield from self.managers or self._people(tx, speaking, Side.RAISING, at)
        elif move is not None:
            yield from self._people(tx, speaking, move, at)
            if move is Side.RECEIVING and state.stand is not Stand.PROPOSED:
                # The raiser sees that the other agency was reminded, and that its silence is.
                yield from self._people(tx, speaking, Side.RAISING, at)
            if step.audience is not Audience.MOVER:
                yield from self._deputies(speaking, move)
        if step.audience is Audience.PARTNERSHIP:
            yield from self.managers

    def _receivers(self, tx: Transaction, speaking: Speaking, at: datetime) -> list[str]:
        """The other agency's people, once it was told."""
        told = speaking.state.stages_told or speaking.state.stand is not Stand.NOT_TOLD
        return list(self._people(tx, speaking, Side.RECEIVING, at)) if told else []

    def _people(self, tx: Transaction, speaking: Speaking, side: Side, at: datetime) -> Iterator[str]:
        """The Slack ids of those who act on a side: the raiser, those named, and the leads of the stage."""
        state, on = speaking.state, speaking.clock.day(at)
        persons = set(state.named.get(side.value, ()))
        if side is Side.RAISING:
            for person in (state.raiser, state.recorded_by):
                if person is not None and not state.raiser_left:
                    persons.add(person)
        for person in sorted(persons):
            if (address := people.address(tx, SLACK, person)) is not None:
                yield address
        if side is Side.RECEIVING or state.raiser_left or state.stage != speaking.policy.stages[0].id:
            for contact in _acting(self._leads_of(speaking, state.agency_of(side)), on):
                if contact.slack:
                    yield contact.slack

    def _deputies(self, speaking: Speaking, side: Side) -> Iterator[str]:
        for lead in self._leads_of(speaking, speaking.state.agency_of(side)):
            yield from (contact.slack for contact in (lead, lead.deputy) if contact and contact.slack)

    def _leads(self, speaking: Speaking) -> tuple[Lead, ...]:
        return self._leads_of(speaking, speaking.state.receiving)

    def _leads_of(self, speaking: Speaking, agency_id: str | None) -> tuple[Lead, ...]:
        agency = speaking.partnership.agency_by_id.get(agency_id or "")
        return agency.leads_at(speaking.state.stage) if agency else ()

    def _queue(
        self,
        tx: Transaction,
        address: str,
        text: str,
        at: datetime,
        ticket: str,
        dedupe: str,
        kind: MessageKind = MessageKind.TICKET,
    ) -> None:
        outbox.queue(tx, SLACK, address, text, at, kind=kind, ticket=ticket, dedupe=dedupe)


def announcer_of(settings: Settings) -> Announcer:
    """Who is told of escalations, and whether there is a Slack to tell them in."""
    return Announcer(settings.managers, settings.escalations_channel, enabled=settings.slack is not None)


def agencies_without_lead(partnership: Partnership, policy: EscalationPolicy, on: date) -> list[Agency]:
    """The agencies of which the bot can tell nobody at one stage or more. (At the last, managers are told.)"""
    stages = [stage.id for stage in policy.stages if not policy.is_last(stage.id)]

    def is_reached(agency: Agency, stage: str) -> bool:
        return any(contact.slack for contact in _acting(agency.leads_at(stage), on))

    return [agency for agency in partnership.agencies if not all(is_reached(agency, stage) for stage in stages)]


def _acting(leads: Iterable[Lead], on: date) -> Iterator[LeadContact]:
    return (lead.acting(on) for lead in leads)
