"""The one thing that handlers call: raise the alarm, answer a question, keep a record of it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.access import AgencySource, Person
from bot.answering import answer as answering
from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.answering.library import Library
from bot.answering.reply import Asked, EmergencyCard, Reply, Status
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Agency
from bot.pace import Pace
from bot.storage import claims, people, questions
from bot.storage.database import Busy, Closed, Store, Transaction
from bot.storage.questions import Question, new_id

log = logging.getLogger(__name__)
T = TypeVar("T")

STORAGE_FAILS = (sqlite3.Error, OSError, Busy, Closed)
"""What can go wrong with the database. A question is answered all the same."""


THREADS_REMEMBERED = 5_000
KNOWN_SECONDS = 1.0
"""An answer waits no longer to learn who asks."""


def now() -> datetime:
    """The clock that a running bot is given."""
    return datetime.now(UTC)


def where(error: BaseException) -> str:
    """An error's type and place. Its text may hold what somebody typed, and is never logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"


def whole_characters(text: str) -> str:
    """A text without half characters (lone surrogates), which no file, page or database can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(frozen=True)
class Answered:
    """A reply, and what will be recorded of the question."""

    reply: Reply
    question: Question
    knowledge: KnowledgeBase | None
    """What was answered from: by the time it is recorded, another version may be in use."""


@dataclass(frozen=True)
class Known:
    """What the database knows before a question is answered; nothing of it where the database does not answer."""

    person: Person | None = None
    previous: str | None = None
    """The entry that the question before it in the same thread was answered with."""
    done: bool = False
    """Whether the event that brought it was answered before, also before a restart."""


class Desk:
    """Answers and records. `store` may be missing or broken: guidance goes out all the same."""

    def __init__(self, library: Library, store: Store | None, clock: Callable[[], datetime] = now) -> None:
        self.library = library
        self.store = store
        self.clock = clock
        self._pace = Pace()
        self._subjects: OrderedDict[str, str] = OrderedDict()
        """What each thread was last about, while it is remembered; after a restart the database knows its answers."""
        self.switched_off: str | None = None
        """Why guidance is switched off; None while it is on. See `bot.switch`."""
        self.unrecorded = 0
        """Questions that could not be recorded since the start; shown on /readyz."""

    def alarm(self, text: str, agency: Agency | None = None) -> EmergencyCard | None:
        """The card, when a text of any length tells of a child in danger now. Touches no database; never raises."""
        try:
            if not answering.danger(text):
                return None
            return self.library.directory.card(self.clock(), agency.kind if agency else None)
        except Exception as error:
            # A fault here must not cost the card: better once too often.
            log.error("the alarm failed: %s", where(error))
            return EmergencyCard(messages.EMERGENCY_FIRST, messages.EMERGENCY_THEN_UNKNOWN)

    def answer(
        self,
        text: str,
        *,
        channel: str,
        asker: str,
        person: Person | None = None,
        agency: Agency | None = None,
        agency_source: AgencySource = AgencySource.UNKNOWN,
        previous: str | None = None,
        thread: str | None = None,
        emergency: bool = False,
        keep_text: bool = True,
    ) -> Answered:
        """Answer a question. Never raises: whatever fails, the asker hears.

        `asker`: whose pace is kept. `keep_text`: False for a text that somebody else wrote, of which nothing is kept.
        """
        begun, at = time.perf_counter(), self.clock()
        text = whole_characters(text)
        guidance = self.library.guidance
        asked = Asked(
            text,
            at,
            agency=agency,
            previous=previous,
            busy=self._pace.too_fast(asker, at),
            switched_off=self.switched_off,
        )
        reply = self._reply(asked, guidance)
        if thread is not None and reply.subject is not None:
            self._subjects[thread] = reply.subject
            self._subjects.move_to_end(thread)
            if len(self._subjects) > THREADS_REMEMBERED:
                self._subjects.popitem(last=False)
        question = Question(
            id=new_id(),
            at=at,
            channel=channel,
            text=text if keep_text else None,
            reply=reply,
            emergency=emergency,
            ms=(time.perf_counter() - begun) * 1000,
            person_id=person.id if person else None,
            agency=agency.id if agency else None,
            agency_source=agency_source if agency else AgencySource.UNKNOWN,
            thread=thread,
        )
        return Answered(reply, question, guidance.knowledge if guidance else None)

    def _reply(self, asked: Asked, guidance: Guidance | None) -> Reply:
        if guidance is not None:
            try:
                return answering.answer(asked, guidance)
            except Exception as error:
                log.error("answering failed: %s", where(error))
        return self.failed(asked.at)

    def failed(self, at: datetime) -> Reply:
        """What the asker hears when something of ours went wrong."""
        contacts = self.library.directory.to_ring(at)
        return Reply(Status.ERROR, messages.ERROR if contacts else messages.ERROR_WITHOUT_NUMBERS, contacts=contacts)

    def show(self, full_id: str, agency: Agency | None = None) -> Reply | None:
        """One entry, for a button or a link; None where there is none of that id."""
        guidance = self.library.guidance
        asked = Asked("", self.clock(), agency=agency, switched_off=self.switched_off)
        return None if guidance is None else answering.show(full_id, asked, guidance)

    async def record(self, answered: Answered, claim: str | None = None) -> bool:
        """Record a question, with the claim on the event that brought it; whether it stands recorded."""
        at = self.clock()

        def work(tx: Transaction) -> bool:
            if claim is None or claims.claim(tx, claim, at, answered.question.id):
                questions.record(tx, answered.question, answered.knowledge)
            return True

        return bool(await self.written(work))

    async def known(self, channel: str, user: str, thread: str, claim: str | None = None) -> Known:
        """Who asks, what their thread was about, and whether `claim` is done: in one read. Somebody new is added."""
        remembered = self._subjects.get(thread)

        def look(tx: Transaction) -> Known:
            if claim is not None and claims.claimed(tx, claim):
                return Known(done=True)
            return Known(people.find(tx, channel, user), remembered or questions.last_entry(tx, thread))

        known = Known(previous=remembered)
        if self.store is None:
            return known
        try:
            async with asyncio.timeout(KNOWN_SECONDS):
                known = await self.store.look_up(look)
                if known.person is None and not known.done:
                    person = await self.store.write(lambda tx: people.find_or_add(tx, channel, user))
                    known = replace(known, person=person)
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("an asker could not be looked up: %s", where(error))
        return known

    async def person(self, channel: str, user: str) -> Person | None:
        """The person behind a channel's user id, added when new; None where the database does not answer."""
        if self.store is None:
            return None
        try:
            async with asyncio.timeout(KNOWN_SECONDS):
                known = await self.store.look_up(lambda tx: people.find(tx, channel, user))
                return known or await self.store.write(lambda tx: people.find_or_add(tx, channel, user))
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("a person could not be looked up: %s", where(error))
            return None

    async def set_agency(self, person: Person, agency: Agency, source: AgencySource) -> bool:
        """Keep a person's agency; whether it stands."""

        def work(tx: Transaction) -> bool:
            people.set_agency(tx, person.id, agency.id, source)
            return True

        return bool(await self.written(work))

    async def agency_was_asked(self, person: Person) -> None:
        """Note that a person was asked for their agency, and need not be again."""
        await self.written(lambda tx: people.set_asked(tx, person.id))

    async def judge(
        self,
        question_id: str,
        *,
        helpful: bool,
        person: Person | None = None,
        missing: str | None = None,
        claim: str | None = None,
    ) -> bool:
        """Record whether an answer helped, once for a claim; False where it could not be recorded."""
        at = self.clock()

        def work(tx: Transaction) -> bool:
            if claim is not None and not claims.claim(tx, claim, at, question_id):
                return True
            return questions.judge(
                tx, question_id, helpful=helpful, at=at, person_id=person.id if person else None, missing=missing
            )

        return bool(await self.written(work))

    async def written(self, work: Callable[[Transaction], T]) -> T | None:
        """Write on the one writer: what `work` returns; None, logged and counted, where it could not be written."""
        if self.store is None:
            self.unrecorded += 1
            return None
        try:
            return await self.store.write(work)
        except STORAGE_FAILS as error:
            self.unrecorded += 1
            log.error("a record could not be written: %s", where(error))
            return None
