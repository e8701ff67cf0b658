"""Who is served: people of the workspaces that the settings name, and no guests. The others hear whom to ring."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from slack_bolt.response import BoltResponse

from bot.answering.reply import EmergencyCard
from bot.desk import Desk, where
from handlers.slack import render
from handlers.slack.call import Call, respond_at
from handlers.slack.incoming import message, plain_text, teams_of
from handlers.slack.people import People
from handlers.slack.render import Outgoing

log = logging.getLogger(__name__)

NOT_HERE = "This bot does not serve your workspace. Ask your own safeguarding lead."
NO_GUESTS = (
    "This bot does not serve guests of the workspace, because it cannot know whom they work for. "
    "Ask your own safeguarding lead."
)

Beside = Callable[[Coroutine[Any, Any, None]], None]
"""Runs something beside the request that it belongs to."""


class Admission:
    """Refuses politely and privately, with the numbers to ring; whoever tells of danger gets the card first."""

    def __init__(self, desk: Desk, people: People, teams: frozenset[str], beside: Beside) -> None:
        self._desk = desk
        self._people = people
        self._teams = teams
        self._beside = beside

    async def only_our_workspaces(
        self, body: dict[str, Any], context: Any, client: Any, next: Callable[[], Awaitable[Any]]
    ) -> BoltResponse | None:
        """Bolt's middleware: a request that speaks for a workspace which is not served goes no further."""
        allowed = self._teams or {context.authorize_result.team_id}
        if not teams_of(body) - set(allowed):
            await next()
            return None
        log.warning("a request from another workspace was refused")
        if body.get("command"):
            said = self._refusal(NOT_HERE, plain_text(str(body.get("text") or "")))
            return BoltResponse(status=200, body={"response_type": "ephemeral", **said.as_arguments()})
        self._beside(self._refuse(Call(body, context, client, None)))
        return BoltResponse(status=200, body="")

    async def _refuse(self, call: Call) -> None:
        event = call.body.get("event") or {}
        asked = message(event, call.context.bot_user_id) if event.get("type") in ("message", "app_mention") else None
        said = self._refusal(NOT_HERE, call.typed)
        try:
            if asked is not None:
                await call.client.chat_postEphemeral(
                    channel=asked.channel, user=asked.user, thread_ts=asked.thread_ts, **said.as_ephemeral()
                )
            elif call.body.get("response_url"):
                await respond_at(call.body["response_url"], said, call.client)
        except Exception as error:
            log.info("a refusal could not be said: %s", where(error))

    async def refused_as_guest(self, call: Call) -> Outgoing | None:
        """What a guest hears in place of what they asked for; None for everybody else.

        Whoever tells of danger is served whoever they are: the card does not wait for anybody to be looked up. Nor
        does a form, which a guest cannot have opened.
        """
        if not call.user or call.is_form or self._people.is_member(call.user):
            return None
        if self._desk.alarm(call.typed) is not None:
            return None
        if not await self._people.is_guest(call.user):
            return None
        log.warning("a guest was refused")
        return self._refusal(NO_GUESTS, call.typed)

    def _refusal(self, why: str, text: str) -> Outgoing:
        card: EmergencyCard | None = self._desk.alarm(text)
        return render.refusal(why, card, self._desk.library.directory.to_ring(self._desk.clock()))
