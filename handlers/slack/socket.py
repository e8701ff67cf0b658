"""Slack over a websocket that the bot opens (socket mode), for networks that let nothing in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.desk import where

log = logging.getLogger(__name__)

PING_SECONDS = 5.0
"""The client pings so often, and opens another connection when there is no answer for four times as long."""
ADDRESS_SECONDS = 20.0
"""An address that Slack gave to connect to expires soon; after this another is asked for."""


class Socket:
    """One connection to Slack, opened again whenever it breaks.

    An envelope that is not acknowledged is delivered again by Slack: while our token is not confirmed, and from when
    the program begins to stop.
    """

    def __init__(self, app: AsyncApp, app_token: str, accepting: Callable[[], Awaitable[bool]]) -> None:
        self._app = app
        self._app_token = app_token
        self._accepting = accepting
        self._stopping = False
        self._handler: _Handler | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to connect, and go on trying until it is through. Returns at once."""
        # Made here, since the client needs the running loop.
        self._handler = _Handler(self._app, self._app_token, self._accepts)
        self._connecting = asyncio.create_task(self._connect(self._handler))

    async def connected(self) -> bool:
        """Whether a connection stands now."""
        return self._handler is not None and bool(await self._handler.client.is_connected())

    async def refuse_more(self, seconds: float) -> None:
        """Take no envelope any more (Slack delivers them to whoever connects next), and pass on those in hand."""
        self._stopping = True
        if self._handler is not None and self._handler.in_hand:
            await asyncio.wait(self._handler.in_hand, timeout=seconds)

    async def close(self) -> None:
        """Close the connection, after the listeners in flight have ended."""
        self._stopping = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._handler is not None:
            client: Any = self._handler.client
            await client.close()

    async def _connect(self, handler: _Handler) -> None:
        client: Any = handler.client
        await client.connect()
        log.info("connected to Slack in socket mode")

    async def _accepts(self) -> bool:
        # In this order: while the one is waited for, the other may begin.
        return await self._accepting() and not self._stopping


class _Client(SocketModeClient):
    """The SDK's client, which would try one address for ever, and fail in silence."""

    async def issue_new_wss_url(self) -> str:
        try:
            address = await super().issue_new_wss_url()
        except SlackApiError as error:
            log.error("Slack gives no address to connect to: %s", error.response.get("error"))
            raise
        except Exception as error:
            log.error("Slack gives no address to connect to: %s", where(error))
            raise
        asyncio.get_running_loop().call_later(ADDRESS_SECONDS, self._forget_address)
        return address

    def _forget_address(self) -> None:
        self.wss_uri = None


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which leaves alone what cannot be worked on now."""

    def __init__(self, app: AsyncApp, app_token: str, accepts: Callable[[], Awaitable[bool]]) -> None:
        # Not the base's, which makes a client of its own.
        self.app = app
        self.app_token = app_token
        self.client = _Client(app_token, app.logger, app.client, ping_interval=PING_SECONDS)
        self.client.socket_mode_request_listeners.append(self.handle)
        self._accepts = accepts
        self.in_hand: set[asyncio.Task[Any]] = set()
        """Envelopes that are being handed to their listeners."""

    async def handle(self, client: Any, req: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if task is None or not await self._accepts():
            return
        self.in_hand.add(task)
        task.add_done_callback(self.in_hand.discard)
        await super().handle(client, req)
