"""One request from Slack, and the ways to answer it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from handlers.slack.incoming import plain_text
from handlers.slack.render import Outgoing

log = logging.getLogger(__name__)

SENDING_SECONDS = 15
BLOCKS_REFUSED = "invalid_blocks"
"""How Slack's errors about blocks begin."""


class NotDelivered(Exception):
    """Slack did not take an answer at its response address."""


def retry_handlers() -> list[AsyncRetryHandler]:
    """What is tried again, and how often."""
    return [
        AsyncConnectionErrorRetryHandler(max_retry_count=2),
        AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        AsyncServerErrorRetryHandler(max_retry_count=2),
    ]


def connections() -> aiohttp.ClientSession:
    """Connections to Slack that stay open between messages: to make one costs more than what is sent on it.

    To be made while the loop runs. There are as many as are needed: nobody waits for somebody else's message.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SENDING_SECONDS),
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@dataclass
class Call:
    """One request from Slack, and the ways to answer it."""

    body: dict[str, Any]
    context: Any
    client: AsyncWebClient
    ack: Any

    @property
    def user(self) -> str:
        said = self.body.get("event") or self.body
        user = said.get("user") or said.get("user_id") or ""
        return str(user.get("id")) if isinstance(user, dict) else str(user)

    @property
    def is_form(self) -> bool:
        """Whether a form was sent: that is acknowledged when it is saved, everything else at once."""
        return "view" in self.body and "actions" not in self.body

    @property
    def typed(self) -> str:
        """What stands in a message or after a command, in a box on Home, or in the message that a shortcut is for."""
        chosen = self.body.get("message") if self.body.get("type") == "message_action" else None
        said = self.body.get("event") or chosen or self.body
        if text := said.get("text"):
            return plain_text(str(text))
        box: dict[str, Any] = next(
            (a for a in self.body.get("actions") or () if a.get("type") == "plain_text_input"), {}
        )
        return str(box.get("value") or "")

    @property
    def action(self) -> dict[str, Any]:
        return dict(self.body["actions"][0])

    @property
    def chosen(self) -> str:
        """The value of the button that was pressed, or of what was chosen from a menu."""
        option = self.action.get("selected_option") or {}
        return str(option.get("value") or self.action.get("value"))

    @property
    def action_key(self) -> str:
        """What tells one press of a button from another."""
        return f"action:{self.user}:{self.action.get('action_ts')}"

    @property
    def channel(self) -> str | None:
        found = (self.body.get("channel") or {}).get("id") or (self.body.get("container") or {}).get("channel_id")
        return str(found) if found else None

    @property
    def ephemeral(self) -> bool:
        return bool((self.body.get("container") or {}).get("is_ephemeral"))

    async def privately(self, outgoing: Outgoing) -> None:
        """Answer so that only the asker sees it: in place, or where there is no place (Home), in their messages.

        Raises: NotDelivered, SlackApiError.
        """
        if "response_url" not in self.body:
            await post(self.client, self.user, None, outgoing)
            return
        await respond_at(self.body["response_url"], outgoing, self.client)


async def respond_at(response_url: str, outgoing: Outgoing, client: AsyncWebClient) -> None:
    """Answer at the address that came with a request, so that only the asker sees it; simpler where Slack refuses.

    `client`: whose connections and whose log are used.
    Raises: NotDelivered. (Bolt's own `respond` would wait for no rate limit, and not say that it failed.)
    """
    address = AsyncWebhookClient(
        response_url,
        timeout=SENDING_SECONDS,
        session=client.session,
        retry_handlers=retry_handlers(),
        logger=client.logger,
    )
    for attempt in (outgoing, *outgoing.simpler()):
        sent = await address.send(**attempt.as_arguments(), response_type="ephemeral", replace_original=False)
        if sent.status_code == 200:
            return
        if not str(sent.body).startswith(BLOCKS_REFUSED):
            break
        log.error("Slack refused the blocks of a private reply")
    raise NotDelivered


async def post(client: AsyncWebClient, channel: str, thread: str | None, outgoing: Outgoing) -> None:
    """Post in a channel, a thread, or to a person; simpler where Slack refuses the blocks.

    Raises: SlackApiError.
    """
    attempts = (outgoing, *outgoing.simpler())
    for attempt in attempts:
        try:
            await client.chat_postMessage(channel=channel, thread_ts=thread, **attempt.as_arguments())
            return
        except SlackApiError as error:
            if attempt is attempts[-1] or not str(error.response.get("error")).startswith(BLOCKS_REFUSED):
                raise
            log.error("Slack refused the blocks of a reply")
