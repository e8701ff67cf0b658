"""The managers' part of Home: what did not get through, this week and last week, the digest, the switch."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.desk import STORAGE_FAILS, where
from bot.knowledge.model import KnowledgeBase
from bot.ledger import NoPolicy, NotSaved
from bot.records import Records
from bot.reporting import measures
from bot.reporting.days import last_days
from bot.reporting.figures import Figures, Scope
from bot.reporting.periods import Period, week
from bot.storage import corrections, outbox
from bot.storage.database import Row, Transaction
from handlers.slack import render
from handlers.slack.blocks import Block, actions, button, escape, header, label, link, section
from handlers.slack.call import Call
from handlers.slack.delivery import CHANNEL
from handlers.slack.people import People

log = logging.getLogger(__name__)
T = TypeVar("T")

READING_SECONDS = 1.0
"""Home waits no longer for figures."""
KINDS_SHOWN = 5
DAYS_SHOWN = 7
MANAGERS_ONLY = "The figures are for the partnership's managers."


class ForManagers:
    """What managers see on Home, and what they press there."""

    def __init__(self, records: Records, people: People) -> None:
        self.desk = records.desk
        self._digests = records.digests
        self._people = people

    async def home_blocks(self, call: Call) -> list[Block]:
        """What it shows to whoever opens the tab: nothing, unless they are a manager."""
        if not await self._people.is_manager(call.user):
            return []
        stuck = _not_through(await self._read(outbox.troubled) or [])
        return [header("For managers"), *stuck, *await self._figures(), *actions([self._switch_button()])]

    async def _figures(self) -> list[Block]:
        """This week and last week in words, and what can be pressed for more."""
        knowledge, at = self.desk.library.knowledge, self.desk.clock()
        if knowledge is None:
            return []
        zone = ZoneInfo(knowledge.partnership.time_zone)
        this = week(at.astimezone(zone).date(), zone)
        said = await self._read(lambda tx: _in_words(tx, this, knowledge, at))
        if said is None:
            return []
        review = self._digests.recipients.review
        more = [section(f"*{link(review, 'The review pages')}*")] if review else []
        buttons = [
            button("Day by day", "show_week", "now"),
            button("Report of last month", "report_month", "now"),
            _send_button(),
        ]
        return [section("\n".join(said)), *more, *actions(buttons)]

    def _switch_button(self) -> Block:
        if self.desk.switched_off is None:
            return button("Switch guidance off", "switch_off", "now") | {"style": "danger"}
        return button("Switch guidance on again", "switch_on", "now") | _confirm(
            "Switch guidance on?", "From now on everybody gets guidance again.", "Switch on"
        )

    async def on_show_week(self, call: Call) -> None:
        """The last days one by one, in the messages with a manager."""
        if not await self._people.is_manager(call.user):
            await call.privately(render.note(MANAGERS_ONLY))
            return
        knowledge, at = self.desk.library.knowledge, self.desk.clock()
        days = await self._read(lambda tx: last_days(tx, DAYS_SHOWN, knowledge, at)) if knowledge else None
        await call.privately(render.week(days) if days else render.note("The figures cannot be read just now."))

    async def send_digest(self, call: Call) -> str:
        """Send the managers' digest as it is now to whoever presses for it; what is said of that."""
        if not await self._people.is_manager(call.user):
            return MANAGERS_ONLY
        try:
            sent = await self._digests.send_copy(call.user, call.action_key)
        except (NoPolicy, NotSaved):
            return "Not sent: the records cannot be read or written just now. Press again in a minute."
        return f"The digest of {sent.week.name} comes under Messages."

    async def _read(self, read: Callable[[Transaction], T]) -> T | None:
        try:
            async with asyncio.timeout(READING_SECONDS):
                return None if self.desk.store is None else await self.desk.store.read(read)
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("the figures could not be read: %s", where(error))
            return None


def _send_button() -> Block:
    return button("Send the digest now", "send_digest", "now") | _confirm(
        "Send the digest now?",
        "You alone get last week's digest as it is now, in your messages. The weekly one comes all the same.",
        "Send",
    )


def _confirm(title: str, text: str, yes: str) -> Block:
    parts = {"title": title, "text": text, "confirm": yes, "deny": "Not now"}
    return {"confirm": {name: label(said) for name, said in parts.items()}}


def _in_words(tx: Transaction, this: Period, knowledge: KnowledgeBase, now: datetime) -> list[str]:
    """The week so far, the whole week before it, and what waits for an editor."""
    before = week(this.first - timedelta(days=DAYS_SHOWN), this.zone)
    weeks = (("This week so far", this), ("Last week", before))
    lines = [
        f"*{name}* ({period.name}): {_week(Figures(tx, Scope(period), knowledge, now))}" for name, period in weeks
    ]
    waiting = len(corrections.unsettled(tx))
    return [*lines, f"{waiting} suggested corrections are open."]


def _week(figures: Figures) -> str:
    judged, share = (figures.helpful().value(name) for name in ("judged", "helpful"))
    helped = f" {share:.0%} of {judged} judged answers helped." if isinstance(share, float) else ""
    return (
        f"{measures.questions(figures)} questions, {measures.without_guidance(figures)} of them without guidance, "
        f"{figures.emergencies().value('questions')} with the emergency card.{helped} "
        f"{figures.escalations_by_agencies().total('escalations')} escalations and "
        f"{figures.feedback().value('asked')} feedback requests. "
        f"{measures.no_answers(figures)} times a service gave no adequate answer."
    )


def _not_through(stuck: Sequence[Row]) -> list[Block]:
    """How many messages did not get through, and why; of those to people, not to whom."""
    if not stuck:
        return []
    given_up = sum(message["given_up"] is not None for message in stuck)
    kinds = Counter(
        f"{message['last_error']} in {message['recipient']}"
        if CHANNEL.fullmatch(message["recipient"])
        else message["last_error"]
        for message in stuck
    )
    why = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(KINDS_SHOWN))
    said = f"Messages that did not get through: {len(stuck)}, {given_up} of them given up. Why: {why}."
    return [section(escape(f"{said} What they tell of is recorded; `python app.py doctor` says more."))]
