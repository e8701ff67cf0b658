"""The weekly digests: when each is due, who gets it, and that it is queued once.

A digest is kept as it was made, in the transaction that queues it. It is sent at least once: again where a process
died while it was on its way, which is counted, or where Slack took it and its answer was lost.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from bot.answering.guidance import Guidance
from bot.bulletin import news
from bot.config import Settings
from bot.desk import Desk
from bot.knowledge.partnership import Partnership
from bot.knowledge.versions import NotReadable, restored
from bot.ledger import NoPolicy, reading, writing
from bot.reporting import open_tickets
from bot.reporting.digest import Audience, Digest
from bot.reporting.figures import Figures, Scope
from bot.reporting.managers import for_managers
from bot.reporting.periods import Period, week
from bot.reporting.practitioners import for_practitioners
from bot.storage import claims, digests, outbox, versions
from bot.storage.database import Transaction
from bot.storage.outbox import MessageKind

log = logging.getLogger(__name__)

SLACK = "slack"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Recipients:
    """Who gets the digests, and what they may refer to."""

    managers: tuple[str, ...] = ()
    """MANAGERS: Slack user ids, groups or e-mail addresses."""
    digest_channel: str | None = None
    """DIGEST_CHANNEL: where the managers' goes; without one, to each of them directly."""
    news_channel: str | None = None
    """NEWS_CHANNEL: where the practitioners' goes."""
    public_url: str | None = None

    def of(self, audience: Audience) -> tuple[str, ...]:
        """Where an audience's digest goes."""
        if audience is Audience.PRACTITIONERS:
            return (self.news_channel,) if self.news_channel else ()
        return (self.digest_channel,) if self.digest_channel else self.managers

    @property
    def are_private(self) -> bool:
        """Whether each manager gets the digest alone, so that questions may be quoted in it."""
        return self.digest_channel is None

    @property
    def review(self) -> str | None:
        """The address of the review pages."""
        return f"{self.public_url}/review" if self.public_url else None


@dataclass(frozen=True)
class Edition:
    """One week's digest for an audience.

    It is named by the week that its readers think of: managers by the one that it tells of, practitioners by the one
    that begins.
    """

    audience: Audience
    sent: Period
    """The week in which it goes out."""

    @property
    def told(self) -> Period:
        """The week before, of which it tells."""
        return week(self.sent.first - WEEK, self.sent.zone)

    @property
    def week(self) -> Period:
        """The week that it is named by."""
        return self.told if self.audience is Audience.MANAGERS else self.sent

    def due(self, partnership: Partnership) -> datetime:
        """When it goes out."""
        return partnership.digest.on(self.sent.first, self.sent.zone)


def edition(audience: Audience, named: Period) -> Edition:
    """The edition that is named by a week."""
    later = WEEK if audience is Audience.MANAGERS else timedelta()
    return Edition(audience, week(named.first + later, named.zone))


def this_week(audience: Audience, at: datetime, partnership: Partnership) -> Edition:
    """The edition of this week, whether it has gone out or not."""
    zone = ZoneInfo(partnership.time_zone)
    return Edition(audience, week(at.astimezone(zone).date(), zone))


def last_due(audience: Audience, at: datetime, partnership: Partnership) -> Edition:
    """The last edition that should have gone out by now; earlier ones are never caught up."""
    this = this_week(audience, at, partnership)
    return this if this.due(partnership) <= at else Edition(audience, this.told)


class NotDueYet(Exception):
    """An edition cannot be sent before its week is over; `due` says when it goes out."""

    def __init__(self, due: datetime) -> None:
        super().__init__(due)
        self.due = due


class Digests:
    """Makes digests and queues them."""

    def __init__(self, desk: Desk, recipients: Recipients) -> None:
        self._desk = desk
        self.recipients = recipients

    @property
    def _guidance(self) -> Guidance:
        guidance = self._desk.library.guidance
        if guidance is None:
            raise NoPolicy
        return guidance

    @property
    def partnership(self) -> Partnership:
        """The partnership as it is in use.

        Raises: NoPolicy where the knowledge cannot be read.
        """
        return self._guidance.knowledge.partnership

    def last_due(self, audience: Audience) -> Edition:
        """The last edition that should have gone out by now.

        Raises: NoPolicy.
        """
        return last_due(audience, self._desk.clock(), self.partnership)

    async def queue_due(self) -> int:
        """Queue what is due and was not queued; how many editions. Another process may do the same at once.

        What was due before the bot was first in use is never sent.
        Raises: NoPolicy, NotSaved.
        """
        due = [self.last_due(audience) for audience in Audience if self.recipients.of(audience)]
        partnership = self.partnership

        def missing(tx: Transaction) -> list[Edition]:
            left = [one for one in due if not digests.is_past(tx, one.week.name, one.audience.value)]
            since = digests.in_use_since(tx) if left else None
            return [one for one in left if since is None or since <= one.due(partnership)]

        return sum([await self.queue(one) for one in await reading(self._desk, missing)] if due else [])

    async def queue(self, one: Edition) -> bool:
        """Queue an edition for all who get it; False where that was done before.

        Raises: NoPolicy, NotDueYet, NotSaved.
        """
        at = self._desk.clock()
        if (due := one.due(self.partnership)) > at:
            raise NotDueYet(due)
        digest = await self.made(one, private=self.recipients.are_private)

        def work(tx: Transaction) -> bool:
            if digests.is_queued(tx, one.week.name, one.audience.value):
                return False
            for recipient in dict.fromkeys(self.recipients.of(one.audience)):
                digests.add(tx, one.week.name, one.audience.value, recipient, at)
                name = f"digest:{one.week.name}:{one.audience.value}:{recipient}"
                self._queue(tx, recipient, digest, at, name)
            return True

        return await writing(self._desk, work)

    async def send_copy(self, address: str, claim: str) -> Edition:
        """Queue the managers' digest of last week as it is now, once for a claim, for one manager alone.

        It is beside the week's digest, and does not count as that.
        Raises: NoPolicy, NotSaved.
        """
        at = self._desk.clock()
        one = this_week(Audience.MANAGERS, at, self.partnership)
        digest = await self.made(one, private=True)

        def work(tx: Transaction) -> None:
            if claims.claim(tx, f"digest-copy:{claim}", at):
                self._queue(tx, address, digest, at, f"digest-copy:{claim}")

        await writing(self._desk, work)
        return one

    async def made(self, one: Edition, *, private: bool) -> Digest:
        """An edition as it is now. `private`: whether questions may be quoted.

        Raises: NoPolicy, NotSaved.
        """
        make = partial(self._made, one=one, guidance=self._guidance, now=self._desk.clock(), private=private)
        return await reading(self._desk, make)

    def _made(self, tx: Transaction, one: Edition, guidance: Guidance, now: datetime, private: bool) -> Digest:
        knowledge, told = guidance.knowledge, one.told
        figures = Figures(tx, Scope(told), knowledge, now)
        if one.audience is Audience.PRACTITIONERS:
            changed = self._changed(tx, one, guidance)
            return for_practitioners(one.sent, figures, guidance, changed, self.recipients.public_url)
        before = Figures(tx, Scope(week(told.first - WEEK, told.zone)), knowledge, now)
        standing = open_tickets.standing(open_tickets.read(tx, knowledge.partnership), now, knowledge.partnership)
        return for_managers(
            figures,
            before,
            standing,
            private=private,
            repeats=outbox.repeats(tx, told.begins, told.ends),
            review=self.recipients.review,
        )

    def _changed(self, tx: Transaction, one: Edition, guidance: Guidance) -> str | None:
        """What changed in the guidance since the edition before was due; None where nothing did or is known."""
        due = one.due(guidance.knowledge.partnership)
        since = Edition(one.audience, one.told).due(guidance.knowledge.partnership)
        before, after = versions.in_use_before(tx, since), versions.in_use_before(tx, due)
        if before is None or after is None or before.version == after.version:
            return None
        try:
            old, new = (restored(kept.content, kept.version) for kept in (before, after))
        except NotReadable as error:
            log.error("what changed in the week cannot be told: %s", error)
            return None
        return news(old, new, self.recipients.public_url)

    @staticmethod
    def _queue(tx: Transaction, recipient: str, digest: Digest, at: datetime, name: str) -> None:
        outbox.queue(tx, SLACK, recipient, digest.as_json(), at, kind=MessageKind.DIGEST, dedupe=name)


def recipients_of(settings: Settings) -> Recipients:
    """Who gets the digests: nobody where there is no Slack to send them in."""
    if settings.slack is None:
        return Recipients(public_url=settings.public_url)
    return Recipients(settings.managers, settings.digest_channel, settings.news_channel, settings.public_url)
