"""Sends what waits in the outbox to Slack: texts, notices, and the one message of a ticket in a channel."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.desk import Desk
from bot.ledger import NoPolicy, NotSaved
from bot.outbox import NotSent
from bot.records import Records
from bot.reporting.digest import Digest
from bot.storage import outbox
from bot.storage.outbox import MessageKind, Waiting
from bot.tickets.escalations.moves import MOVES
from bot.tickets.ticket import Kind
from handlers.slack import digest_views, feedback_views, render, ticket_views
from handlers.slack.blocks import Block
from handlers.slack.call import post
from handlers.slack.people import People
from handlers.slack.render import Outgoing

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 3600
PERSON = re.compile(r"[UW][A-Z0-9]+")
GONE = frozenset({"account_closed", "user_disabled", "user_not_found"})
"""Words for an account that was closed. (Slack's "account_inactive" is not one: the bot's own token is dead then.)"""
CHANNEL = re.compile(r"[CG][A-Z0-9]+")
NO_CHANNEL = frozenset({"is_archived", "channel_not_found", "not_in_channel"})
"""Words for a channel that cannot be written to, and will not be until somebody does something about it."""


class Delivery:
    """Sends messages; the channel's message of a ticket is posted once and then kept up to date."""

    def __init__(self, client: AsyncWebClient, people: People, desk: Desk, records: Records) -> None:
        self._client = client
        self._people = people
        self._desk = desk
        self._records = records

    async def send(self, waiting: Waiting) -> str | None:
        """Send one message to a channel, a person (id or e-mail address) or everybody of a user group.

        Of a group, those who can be reached are; the others are counted in the log. Returns the message's id where a
        ticket stands in it.
        Raises: NotSent where nobody was reached.
        """
        try:
            if waiting.kind is MessageKind.CARD:
                return await self._card(waiting)
            if waiting.kind is MessageKind.LIST and CHANNEL.fullmatch(waiting.recipient):
                await self._list_in_channel(waiting)
                return None
            addresses = await self._addresses(waiting.recipient)
            outgoing = await self._rendered(waiting)
        except Exception as error:
            raise await self._not_sent(error, waiting.recipient) from None
        if outgoing is None:
            return None
        unreached = []
        for address in addresses:
            try:
                await self._is_there(address)
                await post(self._client, address, None, outgoing)
            except Exception as error:
                unreached.append(await self._not_sent(error, address))
        if len(unreached) == len(addresses):
            if not unreached:
                raise NotSent("nobody_in_the_group")
            # Given up only where all of them have left.
            raise next((error for error in unreached if not error.gone), unreached[0])
        if unreached:
            log.error("%d of %d people of a group were not reached", len(unreached), len(addresses))
        return None

    async def _list_in_channel(self, waiting: Waiting) -> None:
        """The MASH's message of the day. Where its channel is gone, the officers get it, and managers hear why.

        Raises: NotSent.
        """
        outgoing = await self._list()
        if outgoing is None:
            return
        try:
            await post(self._client, waiting.recipient, None, outgoing)
        except SlackApiError as error:
            found = _reason(error)
            if found.kind not in NO_CHANNEL:
                raise
            await self._records.feedback.channel_is_gone(waiting)
            raise NotSent(found.kind, gone=True) from None

    async def _list(self) -> Outgoing | None:
        """What waits for the MASH now; None where nothing does any more."""
        found = await self._records.feedback.days_list()
        return feedback_views.days_list(found) if found.lines else None

    async def _rendered(self, waiting: Waiting) -> Outgoing | None:
        """A message about a ticket carries the number that is open when it goes out. None: nothing is to be said."""
        if waiting.kind is MessageKind.LIST:
            return await self._list()
        if waiting.kind is MessageKind.DIGEST:
            return digest_views.digest(Digest.from_json(waiting.message))
        if waiting.ticket is None:
            return render.note(waiting.message)
        now_open = self._desk.library.directory.to_ring(self._desk.clock())[:1]
        further = await self._buttons(waiting.kind, waiting.ticket)
        return ticket_views.notice(waiting.message, waiting.ticket, now_open, further)

    async def _buttons(self, kind: MessageKind, reference: str) -> list[Block]:
        """What can be pressed below a message, beside the button that opens the ticket."""
        if kind is MessageKind.REMINDER:
            return ticket_views.answers([MOVES[Kind.SNOOZED]], reference)
        feedback = self._records.feedback
        speaking = await feedback.speaking(reference) if kind is MessageKind.PROMPT else None
        if speaking is None:
            return []
        go_on = [feedback_views.on_to_escalation(reference)] if feedback.can_go_on(speaking) else []
        return [*ticket_views.answers(feedback.asked_of_the_referrer(speaking), reference), *go_on]

    async def _card(self, waiting: Waiting) -> str | None:
        """Post a ticket's message, or bring the one that stands there up to date."""
        reference = waiting.ticket or ""
        speaking = await self._records.speaking(reference)
        if speaking is None or self._desk.store is None:
            return None
        outgoing = ticket_views.card(speaking)
        standing = await self._desk.store.read(
            lambda tx: outbox.posted(tx, reference, waiting.channel, waiting.recipient)
        )
        if standing is not None:
            try:
                await self._client.chat_update(
                    channel=waiting.recipient, ts=standing, text=outgoing.text, blocks=outgoing.blocks
                )
                return standing
            except SlackApiError as error:
                if error.response.get("error") not in ("message_not_found", "cant_update_message"):
                    raise
        sent = await self._client.chat_postMessage(channel=waiting.recipient, **outgoing.as_arguments())
        return str(sent["ts"])

    async def _addresses(self, recipient: str) -> list[str]:
        if "@" in recipient:
            found = await self._client.users_lookupByEmail(email=recipient)
            return [str(found["user"]["id"])]
        if recipient.startswith("S"):
            return list((await self._client.usergroups_users_list(usergroup=recipient))["users"])
        return [recipient]

    async def _is_there(self, address: str) -> None:
        """Ask before: Slack takes a message to a closed account as if somebody read it.

        Raises: NotSent.
        """
        profile = await self._people.profile(address) if PERSON.fullmatch(address) else None
        if profile is not None and profile.closed:
            raise NotSent("account_closed")

    async def _not_sent(self, error: Exception, address: str) -> NotSent:
        """What went wrong; where an account was closed, what its owner raised goes over to their agency's lead."""
        found = error if isinstance(error, NotSent) else _reason(error)
        if found.kind in GONE and PERSON.fullmatch(address):
            try:
                await self._records.upkeep.has_left("slack", address)
            except (NoPolicy, NotSaved):
                return found  # tried again: until it is noted, the message waits
            return NotSent(found.kind, gone=True)
        return found


def _reason(error: Exception) -> NotSent:
    """What went wrong, in a word, and how long Slack asks to wait."""
    response = getattr(error, "response", None)
    try:
        said = response.get("error") if response is not None else None
        kind = str(said or type(error).__name__)
        seconds = str(response.headers.get("Retry-After", "")) if response is not None else ""
    except Exception:  # a gateway's answer, of whatever kind
        kind, seconds = type(error).__name__, ""
    pause = timedelta(seconds=min(int(seconds), LONGEST_PAUSE_SECONDS)) if re.fullmatch(r"\d{1,9}", seconds) else None
    return NotSent(kind, pause)
