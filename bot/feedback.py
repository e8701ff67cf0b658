"""Feedback requests, from "what became of my referral?" to the referrer's word on the answer: what handlers call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.access import Viewer
from bot.casework import Casework, Recorded, marks
from bot.days_list import DaysList
from bot.desk import Desk
from bot.escalations import Escalations
from bot.knowledge.feedback import MashFeedback
from bot.knowledge.model import KnowledgeBase
from bot.ledger import Ledger, Looked, NoPolicy, NotFound, NotNow
from bot.mash import SLACK, Mash
from bot.storage import claims, feedback, history, people, tickets
from bot.storage.database import Transaction
from bot.storage.feedback import Line
from bot.storage.outbox import Waiting
from bot.storage.references import next_reference
from bot.tickets.clock import Reminder
from bot.tickets.escalations.raising import RaiseForm
from bot.tickets.feedback.asking import AskForm, with_moment
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.feedback.moves import MOVES, is_open, told_fields
from bot.tickets.feedback.notices import WITHHELD, FeedbackSpeaking
from bot.tickets.feedback.sides import may_see_answer, sides_for, sides_of
from bot.tickets.feedback.state import UNANSWERED, FeedbackRequest, Stand, after, folded, opened
from bot.tickets.fields import Field, Filled, InvalidForm, read
from bot.tickets.moves import Move
from bot.tickets.ticket import Event, Kind, Side
from bot.tickets.words import label

ANSWERS = (Kind.SATISFIED, Kind.NOT_SATISFIED, Kind.HEARD, Kind.NOT_HEARD, Kind.RESENT)
"""Moves with which a referrer answers a prompt."""
ANSWER = frozenset({"outcome", "note"})
"""What was typed of the answer itself."""
BETWEEN = " "
NO_ANSWER, DECIDED, MINUTES = "no-answer", "referral-criteria", "strategy-meeting"
"""Reasons of the escalation policy that are filled in where it has them."""


class FeedbackLedger(Ledger[FeedbackSpeaking]):
    """Records what happens to feedback requests."""

    prefix = "MASH"
    moves = MOVES

    def __init__(self, desk: Desk, history_key: str, mash: Mash) -> None:
        super().__init__(desk, history_key)
        self.mash = mash

    def folded(self, events: Sequence[Event]) -> FeedbackRequest:
        return folded(events)

    def after(self, speaking: FeedbackSpeaking, event: Event) -> FeedbackSpeaking:
        return speaking.becoming(after(speaking.state, event))

    def speaking_of(self, tx: Transaction, state: FeedbackRequest, knowledge: KnowledgeBase) -> FeedbackSpeaking:
        return self.speaking_under(state, tickets.policy(tx, state.policy, MashFeedback), knowledge)

    def speaking_under(
        self, state: FeedbackRequest, rules: MashFeedback, knowledge: KnowledgeBase
    ) -> FeedbackSpeaking:
        """The words about a request under a version of the rules."""
        clock, reached = clock_of(rules, knowledge), self.mash.reached
        return FeedbackSpeaking(state, rules, clock, knowledge.partnership, mash_reached=reached)

    def put(
        self, tx: Transaction, speaking: FeedbackSpeaking, *, due: date | None, next_look: datetime | None
    ) -> None:
        state, clock = speaking.state, speaking.clock
        expected, took = clock.expected(state), clock.time_to_answer(state)
        feedback.put(tx, state, due=due, next_look=next_look, expected=expected, time_to_answer=took)

    def sides_of(self, state: FeedbackRequest, viewer: Viewer) -> list[Side]:
        return sides_of(state, viewer)

    def sides_for(self, move: Move[Any], speaking: FeedbackSpeaking, viewer: Viewer) -> list[Side]:
        late = speaking.clock.is_late(speaking.state, self.desk.clock())
        return sides_for(move, speaking.state, viewer, late=late, mash_reached=self.mash.reached)

    def announce(self, tx: Transaction, speaking: FeedbackSpeaking, event: Event) -> None:
        self.mash.happened(tx, speaking, event)

    def remind(self, tx: Transaction, speaking: FeedbackSpeaking, step: Reminder, at: datetime) -> None:
        self.mash.remind(tx, speaking, step, at)

    def daily(self, tx: Transaction, knowledge: KnowledgeBase, at: datetime) -> bool:
        """The MASH's message of the day."""
        if knowledge.feedback is None:
            return False
        return self.mash.daily(tx, clock_of(knowledge.feedback, knowledge), at)

    def looked(
        self, tx: Transaction, reference: str, viewer: Viewer, knowledge: KnowledgeBase
    ) -> Looked[FeedbackSpeaking]:
        """One request as somebody may see it: what was decided is left out where they may not see it.

        Raises: NotFound.
        """
        found = super().looked(tx, reference, viewer, knowledge)
        if may_see_answer(found.state, viewer):
            return found
        return Looked(found.speaking, tuple(_without_answer(event) for event in found.events), found.moves)


class Feedback(Casework[FeedbackSpeaking]):
    """Takes requests in, moves and shows them."""

    noun = "feedback request"
    open_to = "Whoever asked, their agency's leads, the MASH once it was asked, and managers may."

    def __init__(self, ledger: FeedbackLedger, escalations: Escalations) -> None:
        super().__init__(ledger)
        self._ledger = ledger
        self._escalations = escalations

    # Asking

    def form(self, viewer: Viewer) -> AskForm:
        """The form for one person.

        Raises: NoPolicy.
        """
        knowledge = self._ledger.knowledge()
        if (rules := knowledge.feedback) is None:
            raise NoPolicy
        agency = viewer.person.agency if viewer.person.agency in knowledge.partnership.agency_by_id else None
        return AskForm(rules, clock_of(rules, knowledge), knowledge.partnership.agencies, agency)

    async def ask(self, form: AskForm, values: Mapping[str, str | None], viewer: Viewer, *, claim: str) -> Recorded:
        """Record a request, or two where strategy minutes are asked for too. A used claim gives the same record.

        Raises: InvalidForm, NoPolicy, NotSaved.
        """
        knowledge, at, claim = self._ledger.knowledge(), self._ledger.desk.clock(), f"ask:{claim}"
        parts = form.read(values, self.guard, at)

        def work(tx: Transaction) -> list[FeedbackSpeaking]:
            if (earlier := claims.result_of(tx, claim)) is not None:
                states = [folded(history.of(tx, reference)) for reference in earlier.split(BETWEEN)]
                return [self._ledger.speaking_under(state, form.rules, knowledge) for state in states]
            version = tickets.keep_policy(tx, form.rules)
            recorded: list[FeedbackSpeaking] = []
            for part in parts:
                beside = {"beside": recorded[0].state.reference} if recorded else {}
                data = {**part.data, **beside, "policy": version, "raiser": viewer.person.id, **marks(viewer)}
                reference = next_reference(tx, self._ledger.prefix, at)
                event = Event(reference, Kind.OPENED, at, Side.RAISING, viewer.person.id, data, part.typed)
                recorded.append(self._opened(tx, event, form, knowledge))
            claims.claim(tx, claim, at, BETWEEN.join(speaking.state.reference for speaking in recorded))
            return recorded

        first, *others = await self._ledger.written(work)
        lines = first.recorded(at)
        for other in others:
            beside = f"{other.state.reference}, on a clock of its own: {other.needed()}; {other.expected()}"
            lines.insert(2 if first.state.changed else 1, f"And {beside}.")
        contacts = self._ledger.desk.library.directory.to_ring(at)
        return Recorded(first.state.reference, tuple(lines), contacts)

    def _opened(self, tx: Transaction, event: Event, form: AskForm, knowledge: KnowledgeBase) -> FeedbackSpeaking:
        held = _is_held(form.clock, opened(event), event.at)
        event = self._ledger.history.add(tx, replace(event, data={**event.data, "held": held}))
        speaking = self._ledger.speaking_under(opened(event), form.rules, knowledge)
        self._ledger.keep(tx, speaking, event.at)
        self._ledger.announce(tx, speaking, event)
        return speaking

    # Lists

    async def mine(self, viewer: Viewer) -> list[Line]:
        """What somebody asked."""
        return await self._ledger.read(lambda tx: feedback.of_person(tx, viewer.person.id))

    async def of_my_agencies(self, viewer: Viewer) -> list[Line]:
        """For a lead: what their agencies asked."""
        if not viewer.leads:
            return []
        return await self._ledger.read(lambda tx: feedback.of_agencies(tx, viewer.leads))

    async def every(self, viewer: Viewer) -> list[Line]:
        """For managers: all of them."""
        if not (viewer.manager or viewer.operator):
            return []
        return await self._ledger.read(feedback.every)

    async def queue(self, viewer: Viewer) -> list[Line]:
        """The MASH's list, the longest expected first: for its officers, and for managers."""
        if not (viewer.mash or viewer.manager or viewer.operator):
            return []
        return await self._ledger.read(feedback.with_mash)

    async def days_list(self) -> DaysList:
        """What the MASH's message of the day says, as it stands now.

        Raises: NoPolicy, NotSaved.
        """
        knowledge, at = self._ledger.knowledge(), self._ledger.desk.clock()
        if (rules := knowledge.feedback) is None:
            raise NoPolicy
        clock = clock_of(rules, knowledge)
        end = clock.referred(clock.day(at), None)

        def work(tx: Transaction) -> DaysList:
            lines, held = feedback.with_mash(tx), feedback.held_until(tx, at, end)
            return DaysList(tuple(lines), held, clock, at, knowledge.partnership)

        return await self._ledger.read(work)

    async def channel_is_gone(self, waiting: Waiting) -> None:
        """The channel for the MASH cannot be written to: its officers are told instead, and the managers hear why.

        Raises: NotSaved.
        """
        at = self._ledger.desk.clock()
        await self._ledger.written(lambda tx: self._ledger.mash.channel_is_gone(tx, waiting, at))

    async def address_of(self, state: FeedbackRequest) -> str | None:
        """Where the referrer is written to in Slack: their work contact, for those who have to find the referral.

        Raises: NotSaved.
        """
        raiser = state.raiser
        return await self._ledger.read(lambda tx: people.address(tx, SLACK, raiser)) if raiser else None

    # Moving

    def told_fields(self) -> tuple[Field, ...]:
        """What is asked where several are closed together.

        Raises: NoPolicy.
        """
        if (rules := self._ledger.knowledge().feedback) is None:
            raise NoPolicy
        return told_fields(rules)

    async def told_several(
        self, references: Iterable[str], values: Mapping[str, str | None], viewer: Viewer, *, claim: str
    ) -> dict[str, bool]:
        """The referrers of several requests were told, all the same way, in one transaction.

        Which of them were recorded: those that somebody else answered meanwhile are left as they are.
        Raises: InvalidForm, NoPolicy, NotSaved.
        """
        knowledge, at, claim = self._ledger.knowledge(), self._ledger.desk.clock(), f"several:{claim}"
        filled = read(self.told_fields(), values, self.guard, at)
        wanted = list(dict.fromkeys(references))

        def work(tx: Transaction) -> dict[str, bool]:
            if (earlier := claims.result_of(tx, claim)) is not None:
                return {reference: reference in earlier.split(BETWEEN) for reference in wanted}
            done: dict[str, bool] = {}
            for reference in wanted:
                try:
                    seen = self._ledger.looked(tx, reference, viewer, knowledge).speaking
                    self.is_enough(Kind.ANSWERED, filled, seen)
                    self.step(tx, seen, Kind.ANSWERED, filled, viewer, at, seen)
                except (NotFound, NotNow):
                    done[reference] = False
                else:
                    done[reference] = True
            claims.claim(tx, claim, at, BETWEEN.join(name for name, was in done.items() if was))
            return done

        return await self._ledger.written(work)

    def events(
        self,
        tx: Transaction,
        kind: Kind,
        filled: Filled,
        speaking: FeedbackSpeaking,
        viewer: Viewer,
        side: Side,
        at: datetime,
    ) -> Iterable[Event]:
        """What a move is in the history. Of the answer nothing stands in what is kept for good."""
        data: dict[str, Any] = dict(filled.data)
        typed = dict(filled.typed)
        if kind is Kind.RESENT:
            data = with_moment(data, speaking.clock, at)
        if kind in (Kind.RESENT, Kind.REOPENED):
            again = after(speaking.state, Event(speaking.state.reference, kind, at, side, data=data))
            data["held"] = _is_held(speaking.clock, again, at)
        if kind is Kind.ANSWERED and "outcome" in data:
            typed["outcome"] = label(speaking.policy.outcomes, data.pop("outcome"))
        return super().events(tx, kind, Filled(data, typed), speaking, viewer, side, at)

    def is_enough(self, kind: Kind, filled: Filled, speaking: FeedbackSpeaking) -> None:
        """Whether what was filled in fits together.

        Raises: InvalidForm.
        """
        clock, referred = speaking.clock, speaking.state.referred_at
        if kind is Kind.ADDED and not filled.typed:
            raise InvalidForm({"own_reference": "Fill in one of these."})
        told = filled.data.get("on") if kind in (Kind.ANSWERED, Kind.HEARD) else None
        if told is not None and clock.day(datetime.fromisoformat(told)) < clock.day(referred):
            raise InvalidForm({"on": "That is before the referral."})
        if kind is Kind.RESENT:
            sent = with_moment(filled.data, clock, self._ledger.desk.clock())["referred"]
            if clock.day(datetime.fromisoformat(sent)) < clock.day(referred):
                raise InvalidForm({"day": "That is before the referral that was not received."})

    # On to an escalation

    def may_escalate(self, looked: Looked[FeedbackSpeaking], viewer: Viewer) -> bool:
        """Whether somebody may go on to an escalation: they asked, and were answered, or should have been."""
        return Side.RAISING in sides_of(looked.speaking.state, viewer) and self.can_go_on(looked.speaking)

    def can_go_on(self, speaking: FeedbackSpeaking) -> bool:
        """Whether an escalation can follow: an answer came, or is late, and none was raised yet."""
        state, knowledge = speaking.state, self._ledger.knowledge()
        # Of strategy minutes without a time limit only the referrer can say whether they are late.
        late = speaking.clock.is_late(state, self._ledger.desk.clock()) or speaking.clock.expected(state) is None
        ready = state.stand not in UNANSWERED | {Stand.NOT_RECEIVED} or late
        could = state.stand is not Stand.WITHDRAWN and state.escalation is None and knowledge.escalation is not None
        return ready and could

    def asked_of_the_referrer(self, speaking: FeedbackSpeaking) -> list[Move[FeedbackSpeaking]]:
        """The moves that answer what a prompt asks, to stand below it."""
        late = speaking.clock.is_late(speaking.state, self._ledger.desk.clock())
        moves = (MOVES[kind] for kind in ANSWERS)
        return [move for move in moves if is_open(move, speaking.state, Side.RAISING, late=late)]

    def escalation(self, looked: Looked[FeedbackSpeaking], viewer: Viewer) -> tuple[RaiseForm, dict[str, str | None]]:
        """The form of an escalation, and what is known for it already.

        Raises: NoPolicy.
        """
        speaking = looked.speaking
        state = speaking.state
        # For the agency that asked, whoever of it goes on.
        form = self._escalations.form(replace(viewer, person=replace(viewer.person, agency=state.raising)))
        answered = state.answered_at is not None
        referred, asked = (speaking.clock.day(at).isoformat() for at in (state.referred_at, state.opened_at))
        known = {
            "receiving": speaking.policy.answered_by,
            "reason": MINUTES if state.about_minutes else DECIDED if answered else NO_ANSWER,
            "talks": f"{state.reference}: referred on {referred}, asked on {asked}, "
            + ("answered, and not agreed with." if answered else "no answer yet."),
        }
        offered = {field.name: {option.id for option in field.options} for field in form.fields()}
        begun = {name: value for name, value in known.items() if not offered[name] or value in offered[name]}
        return form, begun

    async def escalate(
        self,
        reference: str,
        form: RaiseForm,
        values: Mapping[str, str | None],
        viewer: Viewer,
        *,
        claim: str,
    ) -> Recorded:
        """Raise an escalation about a request; each names the other, in one transaction.

        Raises: InvalidForm, NoPolicy, NotFound, NotNow, NotSaved.
        """
        knowledge, at = self._ledger.knowledge(), self._ledger.desk.clock()
        # Whoever may not see the request learns nothing of it.
        await self._ledger.read(lambda tx: self._ledger.looked(tx, reference, viewer, knowledge))

        def link(tx: Transaction, escalation: str) -> None:
            looked = self._ledger.looked(tx, reference, viewer, knowledge)
            if not self.may_escalate(looked, viewer):
                raise NotNow(looked.speaking)
            data = {"escalation": escalation, **marks(viewer)}
            event = Event(reference, Kind.ESCALATED, at, Side.RAISING, viewer.person.id, data)
            self._ledger.happened(tx, looked.speaking, event)

        return await self._escalations.raise_(form, values, viewer, claim=claim, feedback=reference, also=link)


def clock_of(rules: MashFeedback, knowledge: KnowledgeBase) -> FeedbackClock:
    """The clock under a version of the rules."""
    partnership = knowledge.partnership
    return FeedbackClock(rules, time_zone=partnership.time_zone, region=partnership.bank_holidays)


def _is_held(clock: FeedbackClock, state: FeedbackRequest, at: datetime) -> bool:
    """Whether it is kept from the MASH at first: the time in which the referrer should hear is not over."""
    return clock.expected(state) is not None and not clock.is_late(state, at)


def _without_answer(event: Event) -> Event:
    """An event without what was decided, which is marked as withheld."""
    if event.kind is not Kind.ANSWERED or not ANSWER & event.typed.keys():
        return event
    typed = {name: text for name, text in event.typed.items() if name not in ANSWER}
    return replace(event, typed=typed, data={**event.data, WITHHELD: True})
