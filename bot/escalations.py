"""Escalations, from "I disagree" to a recorded outcome: what handlers call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.access import Viewer
from bot.announcing import Announcer
from bot.casework import Casework, Hook, Recorded, marks
from bot.desk import Desk
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.policy import EscalationPolicy
from bot.ledger import Ledger, NoPolicy
from bot.storage import claims, escalations, history, outbox, people, quick_records, tickets
from bot.storage.database import Transaction
from bot.storage.escalations import Line, Span
from bot.storage.outbox import Waiting
from bot.storage.references import next_reference
from bot.tickets.clock import Reminder
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.moves import MOVES
from bot.tickets.escalations.notices import Speaking
from bot.tickets.escalations.quick import QuickKind
from bot.tickets.escalations.raising import RaiseForm, is_allowed_for_somebody
from bot.tickets.escalations.sides import sides_for, sides_of
from bot.tickets.escalations.state import Escalation, Stand, after, folded, opened
from bot.tickets.fields import Filled, InvalidForm
from bot.tickets.moves import Move
from bot.tickets.ticket import Event, Kind, Side


class EscalationLedger(Ledger[Speaking]):
    """Records what happens to escalations."""

    prefix = "ESC"
    moves = MOVES

    def __init__(self, desk: Desk, history_key: str, announcer: Announcer) -> None:
        super().__init__(desk, history_key)
        self.announcer = announcer

    def folded(self, events: Sequence[Event]) -> Escalation:
        return folded(events)

    def after(self, speaking: Speaking, event: Event) -> Speaking:
        return speaking.becoming(after(speaking.state, event))

    def speaking_of(self, tx: Transaction, state: Escalation, knowledge: KnowledgeBase) -> Speaking:
        return self.speaking_under(state, tickets.policy(tx, state.policy, EscalationPolicy), knowledge)

    def speaking_under(self, state: Escalation, policy: EscalationPolicy, knowledge: KnowledgeBase) -> Speaking:
        """The words about an escalation under a version of the policy."""
        partnership = knowledge.partnership
        clock = EscalationClock(policy, time_zone=partnership.time_zone, region=partnership.bank_holidays)
        return Speaking(state, policy, clock, partnership)

    def put(self, tx: Transaction, speaking: Speaking, *, due: date | None, next_look: datetime | None) -> None:
        state, clock = speaking.state, speaking.clock
        told, acknowledged = state.told_at, state.acknowledged_at
        waited = clock.working_time(told, acknowledged) if told and acknowledged else None
        spans = [_span(speaking, stage, began) for stage, began in state.stages_told.items()]
        escalations.put(tx, state, due=due, next_look=next_look, spans=spans, time_to_acknowledge=waited)

    def sides_of(self, state: Escalation, viewer: Viewer) -> list[Side]:
        return sides_of(state, viewer)

    def sides_for(self, move: Move[Any], speaking: Speaking, viewer: Viewer) -> list[Side]:
        reached = self.announcer.reaches(speaking, Side.RECEIVING)
        return sides_for(move, speaking.state, viewer, receiving_reached=reached)

    def announce(self, tx: Transaction, speaking: Speaking, event: Event) -> None:
        self.announcer.happened(tx, speaking, event)

    def remind(self, tx: Transaction, speaking: Speaking, step: Reminder, at: datetime) -> None:
        self.announcer.remind(tx, speaking, step, at)

    def delivered(self, tx: Transaction, speaking: Speaking, waiting: Waiting, at: datetime) -> None:
        """Where a message told the other agency, the clock of the stage starts with it."""
        state = speaking.state
        if waiting.wait is not None and waiting.wait == state.wait and state.stand in MOVES[Kind.TOLD].stands:
            self.happened(tx, speaking, Event(state.reference, Kind.TOLD, at, Side.BOT))

    def not_told(self, tx: Transaction, speaking: Speaking, waiting: Waiting, at: datetime) -> None:
        """Where nobody else is told of a stage, people are asked to tell the other side."""
        if speaking.state.wait == waiting.wait and not outbox.is_told_elsewhere(tx, waiting):
            self.announcer.tell_by_hand(tx, speaking, at)


def _span(speaking: Speaking, stage: str, began: datetime) -> Span:
    """One stage; one that was begun again is not over by its earlier end."""
    state, clock = speaking.state, speaking.clock
    ended = state.stages_ended.get(stage)
    if ended is None or ended < began:
        return Span(stage, began)
    in_time = clock.day(ended) <= clock.due_at(stage, began, state) if speaking.policy.timescales_confirmed else None
    return Span(stage, began, ended, clock.working_days(began, ended), in_time)


class Escalations(Casework[Speaking]):
    """Raises, moves and shows them."""

    noun = "escalation"
    open_to = "The two agencies and managers may."

    def __init__(self, ledger: EscalationLedger) -> None:
        super().__init__(ledger)
        self._ledger = ledger

    # Raising

    def form(self, viewer: Viewer, *, for_somebody: bool = False, stage: str | None = None) -> RaiseForm:
        """The form for one person.

        Raises: NoPolicy.
        """
        knowledge = self._ledger.knowledge()
        agency = viewer.person.agency
        known = agency if agency in knowledge.partnership.agency_by_id and not for_somebody else None
        if (policy := knowledge.escalation) is None:
            raise NoPolicy
        return RaiseForm(policy, knowledge.partnership.agencies, known, for_somebody=for_somebody, stage=stage)

    async def raise_(
        self,
        form: RaiseForm,
        values: Mapping[str, str | None],
        viewer: Viewer,
        *,
        claim: str,
        link: str | None = None,
        feedback: str | None = None,
        also: Hook | None = None,
    ) -> Recorded:
        """Record an escalation and queue its announcements. A claim that was used before gives the same record.

        `link`: the address of the message that it began with; nothing of its text. `feedback`: the feedback request
        that it comes from; `also` is done in the same transaction.
        Raises: InvalidForm, NoPolicy, NotSaved.
        """
        if form.for_somebody and not is_allowed_for_somebody(viewer):
            raise InvalidForm({"receiving": "Only the partnership's managers record for somebody else."})
        knowledge, at, claim = self._ledger.knowledge(), self._ledger.desk.clock(), f"raise:{claim}"
        filled = form.read(values, self._ledger.guard, at)
        policy = form.policy
        stage = filled.data.get("stage", policy.stages[0].id)
        data: dict[str, Any] = {name: value for name, value in filled.data.items() if name not in ("stage", "urgent")}
        data |= {
            "raising": filled.data.get("raising", form.agency),
            "stage": stage,
            "last": policy.is_last(stage),
            "urgent": filled.data.get("urgent") == "yes",
            "raiser": None if form.for_somebody else viewer.person.id,
            **({"feedback": feedback} if feedback else {}),
            **marks(viewer),
        }
        typed = {**filled.typed, **({"link": link} if link else {})}
        side = Side.PARTNERSHIP if form.for_somebody else Side.RAISING

        def work(tx: Transaction) -> Escalation:
            if (earlier := claims.result_of(tx, claim)) is not None:
                return folded(history.of(tx, earlier))
            reference = next_reference(tx, self._ledger.prefix, at)
            version = tickets.keep_policy(tx, policy)
            event = Event(reference, Kind.OPENED, at, side, viewer.person.id, {**data, "policy": version}, typed)
            event = self._ledger.history.add(tx, event)
            state = opened(event)
            speaking = self._ledger.speaking_under(state, policy, knowledge)
            self._ledger.keep(tx, speaking, at)
            self._ledger.announcer.opened(tx, speaking, event)
            if also is not None:
                also(tx, reference)
            claims.claim(tx, claim, at, reference)
            return state

        state = await self._ledger.written(work)
        speaking = self._ledger.speaking_under(state, policy, knowledge)
        told = self._ledger.announcer.told_by_the_bot(speaking, at)
        contacts = self._ledger.desk.library.directory.to_ring(at)
        return Recorded(state.reference, tuple(speaking.recorded(told, at)), contacts)

    # Lists

    async def mine(self, viewer: Viewer) -> list[Line]:
        """What somebody raised, or is named on."""
        return await self._ledger.read(lambda tx: escalations.of_person(tx, viewer.person.id))

    async def of_my_agencies(self, viewer: Viewer) -> list[Line]:
        """For a lead: what their agencies take part in."""
        return await self._ledger.read(lambda tx: escalations.of_agencies(tx, viewer.leads)) if viewer.leads else []

    async def every(self, viewer: Viewer) -> list[Line]:
        """For managers: all of them."""
        if not (viewer.manager or viewer.operator):
            return []
        return await self._ledger.read(escalations.every)

    # Moving

    def has_gone_on(self, seen: Speaking, now: Speaking) -> bool:
        """Whether it is at another stage by now."""
        return seen.state.stage != now.state.stage

    def events(
        self,
        tx: Transaction,
        kind: Kind,
        filled: Filled,
        speaking: Speaking,
        viewer: Viewer,
        side: Side,
        at: datetime,
    ) -> Iterator[Event]:
        """What a move is in the history: the move itself, and what it means besides."""
        state, by = speaking.state, viewer.person.id
        mark = {**marks(viewer), **self.on_behalf(speaking, viewer, side)}
        data: dict[str, Any] = {**filled.data, **mark}
        named = data.pop("person", None)
        if kind is Kind.HANDED_ON:
            data["last"] = speaking.policy.is_last(data["stage"])
        if kind is Kind.SNOOZED:
            data["until"] = speaking.clock.next_morning(at).isoformat()
        if kind in (Kind.ACKNOWLEDGED, Kind.WRONG_AGENCY) and state.stand is Stand.NOT_TOLD:
            # Whoever says so knows of it.
            yield Event(state.reference, Kind.TOLD, at, side, by, {"how": "here", **mark})
        if kind is not Kind.TALKER_NAMED:
            yield Event(state.reference, kind, at, side, by, data, filled.typed)
        if named is not None:
            # A person's own id in place of their id in the channel.
            talker = people.find_or_add(tx, viewer.person.channel, named)
            yield Event(state.reference, Kind.TALKER_NAMED, at, side, by, {"person": talker.id, **mark})

    def is_enough(self, kind: Kind, filled: Filled, speaking: Speaking) -> None:
        """Whether what was filled in fits together.

        Raises: InvalidForm.
        """
        data, state = filled.data, speaking.state
        if kind is Kind.ADDED and not (data or filled.typed):
            raise InvalidForm({"note": "Fill in one of these."})
        # One that a manager recorded later may have been told before; no stage was before the one before it.
        earliest = max(state.stages_told.values(), default=None if state.received_on else state.opened_at)
        # Moments are given to the minute.
        earliest = earliest and earliest.replace(second=0, microsecond=0)
        if kind is Kind.TOLD and "on" in data and earliest and datetime.fromisoformat(data["on"]) < earliest:
            raise InvalidForm({"on": "That is before it was raised here, or before the stage that went before."})

    # Short records

    async def quick(self, kind: QuickKind, filled: Filled, viewer: Viewer, *, channel: str, claim: str) -> str:
        """Keep a short record, once for a claim; its reference.

        Raises: NotSaved.
        """
        at, person, claim = self._ledger.desk.clock(), viewer.person, f"quick:{claim}"

        def work(tx: Transaction) -> str:
            if (earlier := claims.result_of(tx, claim)) is not None:
                return earlier
            reference = quick_records.add(
                tx,
                kind.value,
                {**filled.data, **marks(viewer)},
                filled.typed.get("text"),
                at=at,
                channel=channel,
                person_id=person.id,
                agency=person.agency,
            )
            claims.claim(tx, claim, at, reference)
            return reference

        return await self._ledger.written(work)
