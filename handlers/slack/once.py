"""Delivers once what waits for Slack, for `tick`: without listening, and beside a running server."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot import outbox
from bot.config import SlackSettings
from bot.desk import Desk
from bot.records import Records
from bot.storage import outbox as queued
from bot.storage.database import Store, Transaction
from bot.storage.outbox import Waiting
from handlers.slack.call import SENDING_SECONDS, connections
from handlers.slack.delivery import Delivery
from handlers.slack.people import People


@dataclass(frozen=True)
class Sent:
    """How many messages went through, and how many wait: Slack did not take them, or another process sends them."""

    through: int
    waiting: int


async def deliver_all(
    desk: Desk, store: Store, settings: SlackSettings, records: Records, managers: tuple[str, ...]
) -> Sent:
    """Send everything that is due by now, also what is queued by the sending itself. Each is tried once.

    Raises: what the store raises.
    """
    client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=SENDING_SECONDS)
    client.retry_handlers = []  # the outbox knows what to try again, and when
    delivery = Delivery(client, People(client, managers), desk, records)
    at = desk.clock()

    def due(tx: Transaction) -> list[Waiting]:
        return queued.due(tx, "slack", at)

    through, before = 0, None
    async with connections() as session:
        client.session = session
        # What failed is due later than `at`; where nothing changes any more, another process is sending.
        while (left := await store.read(due)) and left != before:
            through += await outbox.deliver(store, "slack", delivery.send, lambda: at, records.upkeep.delivered)
            before = left
    return Sent(through, await store.read(queued.undelivered))
