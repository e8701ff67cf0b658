"""`/safeguarding report [period]`, and its button on Home: take-up and results. Of anybody else it is a question."""

from __future__ import annotations

import asyncio
import logging
import re
from zoneinfo import ZoneInfo

from bot.desk import STORAGE_FAILS, Desk, where
from bot.reporting.periods import NoPeriod, Period, parsed
from bot.reporting.report import for_managers
from handlers.slack import render, report_views
from handlers.slack.call import Call
from handlers.slack.for_managers import MANAGERS_ONLY
from handlers.slack.people import People
from handlers.slack.render import Outgoing

log = logging.getLogger(__name__)

REPORT = re.compile(r"report(?: (?P<period>.+))?")
READING_SECONDS = 15.0
NOT_NOW = "The figures cannot be read just now. Try again in a minute."


class Reporting:
    """Shows the main tables of a report, privately."""

    def __init__(self, desk: Desk, people: People) -> None:
        self.desk = desk
        self._people = people

    async def answer(self, call: Call, text: str) -> Outgoing | None:
        """The report; None where that is not what was typed, or where whoever typed it is no manager."""
        found = REPORT.fullmatch(text)
        period = self._period(found["period"] or "") if found else None
        if period is None or not await self._people.is_manager(call.user):
            return None
        return await self._report(period)

    async def on_month(self, call: Call) -> None:
        """The report of last month."""
        if not await self._people.is_manager(call.user):
            await call.privately(render.note(MANAGERS_ONLY))
            return
        period = self._period("last month")
        await call.privately(await self._report(period) if period else render.note(NOT_NOW))

    def _period(self, written: str) -> Period | None:
        partnership = self.desk.library.directory.partnership
        zone = ZoneInfo(partnership.time_zone)
        today = self.desk.clock().astimezone(zone).date()
        try:
            return parsed(written, today, zone, partnership.reporting_year_from)
        except NoPeriod:
            return None

    async def _report(self, period: Period) -> Outgoing:
        knowledge, now = self.desk.library.knowledge, self.desk.clock()
        try:
            async with asyncio.timeout(READING_SECONDS):
                if self.desk.store is not None and knowledge is not None:
                    made = await self.desk.store.read(
                        lambda tx: for_managers(tx, knowledge, period, now, only=report_views.SHOWN)
                    )
                    return report_views.report(made)
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("a report could not be read: %s", where(error))
        return render.note(NOT_NOW)
