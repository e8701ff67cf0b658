"""One request from Slack, and the ways to answer it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

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


class NotDelivered(Exception):
    """Slack did not take an answer at its response address."""


def retry_handlers() -> list[AsyncRetryHandler]:
    """What is tried again, and how often."""
    return [
        AsyncConnectionErrorRetryHandler(max_retry_count=2),
        AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        AsyncServerErrorRetryHandler(max_retry_count=2),
    ]


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
    def typed(self) -> str:
        """What stands in a message, or after a command."""
        return plain_text(str((self.body.get("event") or self.body).get("text") or ""))

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

        Raises: NotDelivered. (Bolt's own `respond` would wait for no rate limit, and not say that it failed.)
        """
        if "response_url" not in self.body:
            await post(self.client, self.user, None, outgoing)
            return
        address = AsyncWebhookClient(
            self.body["response_url"], timeout=SENDING_SECONDS, retry_handlers=retry_handlers()
        )
        sent = await address.send(**outgoing.as_arguments(), response_type="ephemeral", replace_original=False)
        if sent.status_code != 200:
            raise NotDelivered


async def post(client: AsyncWebClient, channel: str, thread: str | None, outgoing: Outgoing) -> None:
    """Post in a channel, a thread, or to a person; where Slack refuses the blocks, the text alone.

    Raises: SlackApiError.
    """
    try:
        await client.chat_postMessage(channel=channel, thread_ts=thread, **outgoing.as_arguments())
    except SlackApiError as error:
        if error.response.get("error") not in ("invalid_blocks", "invalid_blocks_format"):
            raise
        log.error("Slack refused the blocks of a reply; sending its text alone")
        await client.chat_postMessage(channel=channel, thread_ts=thread, text=outgoing.text)
