"""The way into the review pages: a link that works once, a session that ends, and the role behind both.

A link and a session are secrets of 32 random bytes, of which the database keeps the SHA-256 alone. Whoever is no
manager any more loses both with the next request.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NoReturn
from zoneinfo import ZoneInfo

from bot.access import LOCAL_OPERATOR, Person, Viewer
from bot.desk import STORAGE_FAILS, Desk, where
from bot.ledger import NotSaved, reading, writing
from bot.pace import Pace
from bot.storage import people, reviewing
from bot.storage.database import Transaction

log = logging.getLogger(__name__)

LINK_LASTS = timedelta(minutes=10)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
NOTED_AFTER = timedelta(minutes=1)
"""That somebody is still there is written down no more often."""
FORGOTTEN_AFTER = timedelta(days=1)
"""Until then a link that is used again is told from one that never was."""
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
TERMINAL = "terminal"
"""The channel of whoever sits at the machine."""


class Refusal(StrEnum):
    """Why somebody was not let in."""

    NO_SESSION = "no-session"
    UNKNOWN_SESSION = "unknown-session"
    SESSION_OVER = "session-over"
    UNKNOWN_LINK = "unknown-link"
    LINK_USED = "link-used"
    LINK_OVER = "link-over"
    NO_MANAGER = "no-manager"
    ELSEWHERE = "form-of-another-site"
    ADDRESS = "address"
    METHOD = "method"
    TOO_FAST = "too-fast"

    @property
    def label(self) -> str:
        """For the overview."""
        return _LABELS[self]


_LABELS: Mapping[Refusal, str] = {
    Refusal.NO_SESSION: "nobody was signed in",
    Refusal.UNKNOWN_SESSION: "a session that is not ours, or was signed out",
    Refusal.SESSION_OVER: "a session whose time was over",
    Refusal.UNKNOWN_LINK: "a link that is not ours, or was altered",
    Refusal.LINK_USED: "a link that was used before",
    Refusal.LINK_OVER: "a link whose ten minutes were over",
    Refusal.NO_MANAGER: "somebody who is no manager any more",
    Refusal.ELSEWHERE: "a form of another site",
    Refusal.ADDRESS: "an address that is no page of these",
    Refusal.METHOD: "a request of a kind that no page takes",
    Refusal.TOO_FAST: "too many attempts in a minute",
}


class ShutOut(Exception):
    """Somebody is not let in."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class NotKnown(Exception):
    """Whether somebody is a manager cannot be found out just now: they are not let in, and nothing ends."""


IsManager = Callable[[Person], Awaitable[bool | None]]
"""Whether somebody is one of the partnership's managers; None where that cannot be found out just now."""


class Reviewing:
    """Hands out links, and lets in who has one, as long as they are a manager."""

    def __init__(self, desk: Desk, is_manager: IsManager) -> None:
        self.desk = desk
        self.refused_since_start = 0
        self._is_manager = is_manager
        self._pace = Pace()
        self._uncounted: Counter[Refusal] = Counter()
        self._counting = False

    async def make_link(self, person: Person) -> str:
        """The token of a new link for a manager: ten minutes, one use.

        Raises: ShutOut, NotKnown, NotSaved.
        """
        await self._still_manager(person)
        token, at = secrets.token_urlsafe(32), self.desk.clock()

        def work(tx: Transaction) -> None:
            reviewing.forget_before(tx, at - FORGOTTEN_AFTER)
            reviewing.add_link(tx, _digest(token), person.id, at, at + LINK_LASTS)

        await writing(self.desk, work)
        return token

    async def enter(self, token: str, visitor: str) -> str:
        """Use a link up; the secret of the session that begins. `visitor`: whose attempts are counted.

        Raises: ShutOut, NotKnown, NotSaved.
        """
        self._not_too_fast(visitor)
        if not SECRET.fullmatch(token):
            self._failed(visitor, Refusal.UNKNOWN_LINK)
        digest, at = _digest(token), self.desk.clock()
        link = await reading(self.desk, lambda tx: reviewing.link(tx, digest))
        if link is None:
            self._failed(visitor, Refusal.UNKNOWN_LINK)
        if link.used:
            self._failed(visitor, Refusal.LINK_USED)
        if at >= link.ends:
            self._failed(visitor, Refusal.LINK_OVER)
        await self._still_manager(await self._person(link.person_id))
        secret = secrets.token_urlsafe(32)
        if not await writing(self.desk, partial(_begun, digest, link.person_id, _digest(secret), at)):
            self._failed(visitor, Refusal.LINK_USED)  # somebody was quicker
        return secret

    async def session(self, secret: str | None, visitor: str) -> Viewer:
        """Whose session it is. One that is good is let in, whoever else guesses at the same address.

        Raises: ShutOut, NotKnown, NotSaved.
        """
        if secret is None:
            raise ShutOut(Refusal.NO_SESSION)
        if not SECRET.fullmatch(secret):
            self._failed(visitor, Refusal.UNKNOWN_SESSION)
        digest, at = _digest(secret), self.desk.clock()
        found = await reading(self.desk, lambda tx: reviewing.session(tx, digest))
        if found is None:
            self._failed(visitor, Refusal.UNKNOWN_SESSION)
        if at >= found.seen + IDLE or at >= found.began + LONGEST:
            with suppress(NotSaved):
                await writing(self.desk, lambda tx: reviewing.end(tx, digest))
            raise ShutOut(Refusal.SESSION_OVER)
        person = await self._person(found.person_id)
        await self._still_manager(person)
        if at >= found.seen + NOTED_AFTER:
            with suppress(NotSaved):
                await writing(self.desk, lambda tx: reviewing.see(tx, digest, at))
        return Viewer(person, manager=True, operator=person.channel == TERMINAL)

    async def sign_out(self, secret: str | None) -> None:
        """End a session.

        Raises: NotSaved.
        """
        digest = _digest(secret or "")
        await writing(self.desk, lambda tx: reviewing.end(tx, digest))

    # Who is still a manager

    async def _person(self, person_id: str) -> Person:
        found = await reading(self.desk, lambda tx: people.of_id(tx, person_id))
        if found is None:
            raise ShutOut(Refusal.NO_MANAGER)
        return found

    async def _still_manager(self, person: Person) -> None:
        """Raises: ShutOut, with which all their links and sessions end; NotKnown; NotSaved."""
        known = await self._is_manager(person)
        if known is None:
            raise NotKnown
        if not known:
            await writing(self.desk, lambda tx: reviewing.end_all_of(tx, person.id))
            raise ShutOut(Refusal.NO_MANAGER)

    # Refusals

    def _not_too_fast(self, visitor: str) -> None:
        """Raises: ShutOut where this visitor has guessed too often in the last minute."""
        if self._pace.is_empty(visitor, self.desk.clock()):
            raise ShutOut(Refusal.TOO_FAST)

    def _failed(self, visitor: str, why: Refusal) -> NoReturn:
        """Take one from the attempts of a visitor.

        Raises: ShutOut, always.
        """
        too_fast = self._pace.too_fast(visitor, self.desk.clock())
        raise ShutOut(Refusal.TOO_FAST if too_fast else why)

    async def count(self, why: Refusal) -> None:
        """Count a refusal. However many come at once, one write is under way: practitioners' records go on."""
        self.refused_since_start += 1
        self._uncounted[why] += 1
        if self._counting or self.desk.store is None:
            return
        self._counting = True
        counts: Counter[Refusal] = Counter()
        try:
            while self._uncounted:
                counts, self._uncounted = self._uncounted, Counter()
                await self.desk.store.write(partial(_counted, self._today(), counts))
        except STORAGE_FAILS as error:
            log.error("refusals at the review pages could not be counted: %s", where(error))
            self._uncounted += counts  # with the next one
        finally:
            self._counting = False

    def _today(self) -> date:
        return self.desk.clock().astimezone(ZoneInfo(self.desk.library.directory.partnership.time_zone)).date()


def _begun(link: str, person_id: str, session: str, at: datetime, tx: Transaction) -> bool:
    """Use the link up and begin the session, in one transaction; False where somebody was quicker."""
    if not reviewing.use_link(tx, link, at):
        return False
    reviewing.add_session(tx, session, person_id, at)
    return True


def _counted(day: date, counts: Mapping[Refusal, int], tx: Transaction) -> None:
    reviewing.add_refusals(tx, day, {why.value: count for why, count in counts.items()})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def operator(desk: Desk) -> Person:
    """Whoever sits at the machine itself.

    Raises: NotSaved.
    """
    person = await desk.person(TERMINAL, LOCAL_OPERATOR)
    if person is None:
        raise NotSaved
    return person
