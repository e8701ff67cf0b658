"""Slack, over HTTP or a websocket: who may ask, which listener answers, and what the asker hears when one fails."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.access import Person
from bot.config import SlackSettings
from bot.desk import Desk, where
from bot.outbox import NotSent
from handlers.slack import render
from handlers.slack.agency import Agencies
from handlers.slack.buttons import Buttons
from handlers.slack.call import SENDING_SECONDS, Call, post, retry_handlers
from handlers.slack.feedback import Feedback
from handlers.slack.home import Home
from handlers.slack.incoming import Message, message, teams_of
from handlers.slack.questions import COMMAND, Questions
from handlers.slack.render import Outgoing
from handlers.slack.reports import Reports
from handlers.slack.shortcuts import Shortcuts
from handlers.slack.socket import Socket

log = logging.getLogger(__name__)

NOT_HERE = "This bot does not serve your workspace. Ask your own safeguarding lead."

LONGEST_PAUSE_SECONDS = 3600

Listener = Callable[[Call], Awaitable[None]]


class Slack:
    """The Slack channel of one desk."""

    def __init__(self, desk: Desk, settings: SlackSettings, managers: tuple[str, ...] = ()) -> None:
        self.desk = desk
        self._teams = settings.team_ids
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._questions = Questions(desk, settings)
        self._questions.met = self._learn_agency
        self._buttons = Buttons(self._questions)
        self._feedback = Feedback(self._questions)
        self._reports = Reports(self._questions)
        self._agencies = Agencies(self._questions)
        self._home = Home(self._questions, self._agencies, managers)
        self._shortcuts = Shortcuts(self._questions)
        client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=SENDING_SECONDS)
        client.retry_handlers = retry_handlers()
        # Bolt logs what was typed. Each of its loggers takes its level from the one given here, else from the root.
        quiet = logging.getLogger("slack_bolt")
        quiet.setLevel(logging.CRITICAL)
        self._confirmed = False
        self._confirming = asyncio.Lock()
        self._verifier = SignatureVerifier(settings.signing_secret) if settings.signing_secret else None
        self.app = AsyncApp(client=client, request_verification_enabled=False, logger=quiet)
        self._handler = AsyncSlackRequestHandler(self.app)
        self._register()
        # The one or the other: with a websocket nothing is taken over HTTP.
        self.socket = Socket(self.app, settings.app_token, self._token_accepted) if settings.app_token else None

    async def connected(self) -> bool:
        """Whether Slack reaches the bot, as far as the bot can know: in socket mode, whether it is connected."""
        return self.socket is None or await self.socket.connected()

    async def receive(self, request: Request) -> Response:
        """All of Slack: POST /slack/events."""
        if not self._signed(await request.body(), request.headers):
            return PlainTextResponse("not signed by Slack\n", 401)
        if not await self._token_accepted():
            return PlainTextResponse("Slack does not answer for our token just now\n", 503)
        return await self._handler.handle(request)

    async def _token_accepted(self) -> bool:
        """Whether Slack has once confirmed our token. Until then Slack must deliver again what it sends.

        Bolt asks the same on the first request, but acknowledges that request when the answer is an error: whoever
        wrote it would wait for ever.
        """
        async with self._confirming:  # one request asks; those that came with it wait for the answer
            if not self._confirmed:
                try:
                    await self.app.client.auth_test()
                    self._confirmed = True
                except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                    log.error("Slack did not confirm the token: %s", where(error))
        return self._confirmed

    def _signed(self, body: bytes, headers: Headers) -> bool:
        """Whether Slack signed this. Asked here, because Bolt verifies only after it has parsed the body."""
        if self._verifier is None:
            return False
        timestamp, signature = (headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):
            # No number, no ASCII or no UTF-8.
            return False

    async def send(self, recipient: str, message: str) -> None:
        """Send a message of the outbox to a channel, a person (id or e-mail address) or everybody of a user group.

        Of a group, those who can be reached are; the others are counted in the log.
        Raises: NotSent where nobody was reached.
        """
        try:
            addresses = await self._addresses(recipient)
        except Exception as error:
            raise _not_sent(error) from None
        unreached = []
        for address in addresses:
            try:
                await post(self.app.client, address, None, render.note(message))
            except Exception as error:
                unreached.append(_not_sent(error))
        if len(unreached) == len(addresses):
            raise unreached[0] if unreached else NotSent("nobody_in_the_group")
        if unreached:
            log.error("%d of %d people of a group were not reached", len(unreached), len(addresses))

    async def _addresses(self, recipient: str) -> list[str]:
        if "@" in recipient:
            found = await self.app.client.users_lookupByEmail(email=recipient)
            return [str(found["user"]["id"])]
        if recipient.startswith("S"):
            return list((await self.app.client.usergroups_users_list(usergroup=recipient))["users"])
        return [recipient]

    async def finish(self, seconds: float) -> None:
        """Take no more, let the listeners in flight end within `seconds`, and close the connection."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        if self.socket is not None:
            await self.socket.refuse_more(seconds)
        # One may begin another, such as to learn an asker's agency: again until none is left.
        while self._in_flight and loop.time() < deadline:
            await asyncio.wait(set(self._in_flight), timeout=max(0.0, deadline - loop.time()))
        if self._in_flight:
            log.error("%d answers were not sent before stopping", len(self._in_flight))
        if self.socket is not None:
            await self.socket.close()

    # Wiring

    def _register(self) -> None:
        self.app.middleware(self._only_our_workspaces)
        every = re.compile(".*")
        self.app.event("app_mention")(self._listener(self._questions.on_message))
        self.app.event("message")(self._listener(self._questions.on_message))
        self.app.event("app_home_opened")(self._listener(self._home.on_opened))
        self.app.event(every)(self._listener(self.on_nothing))
        self.app.global_shortcut("ask_safeguarding")(self._listener(self._shortcuts.on_ask))
        self.app.message_shortcut("find_guidance")(self._listener(self._shortcuts.on_find))
        self.app.command(COMMAND)(self._listener(self._questions.on_command))
        for action_id, listener in (
            (re.compile(r"show_(entry|related)_\d+"), self._buttons.on_show_entry),
            (re.compile(r"show_topic_\d+|pick_topic"), self._buttons.on_show_topic),
            ("ask_without", self._buttons.on_ask_without),
            ("share_entry", self._buttons.on_share_entry),
            ("verdict", self._feedback.on_verdict),
            ("choose_agency", self._agencies.on_chosen),
            ("choose_agency_home", self._home.on_agency),
            ("ask_home", self._home.on_asked),
            ("refresh_home", self._home.on_refresh),
            ("no_answer", self._reports.on_no_answer),
            ("suggest_correction", self._reports.on_correction),
            (every, self._buttons.on_old_button),
        ):
            self.app.action(action_id)(self._listener(listener))
        self.app.view("ask")(self._listener(self._shortcuts.on_ask_sent))
        self.app.view("missing")(self._listener(self._feedback.on_missing))
        self.app.view("no_answer")(self._listener(self._reports.on_no_answer_sent))
        self.app.view("correction")(self._listener(self._reports.on_correction_sent))
        self.app.error(self._on_error)

    def _listener(self, work: Listener) -> Callable[..., Awaitable[None]]:
        """Bolt's listener for `work`: counted while it runs, and whatever fails, the asker hears."""

        async def listener(ack: Any, body: Any, context: Any, client: Any) -> None:
            call = Call(body, context, client, ack)
            task = asyncio.current_task()
            if task is not None:
                self._in_flight.add(task)
                task.add_done_callback(self._in_flight.discard)
            try:
                await work(call)
            except Exception as error:
                log.error("a request from Slack failed: %s", where(error))
                await self._say_that_it_failed(call)

        return listener

    async def _say_that_it_failed(self, call: Call) -> None:
        # The card once more: it may be what failed.
        card = self._questions.alarm(call.typed, call.user)
        failed = render.reply(self.desk.failed(self.desk.clock()), private=True)
        try:
            if "view" not in call.body:  # without an acknowledgement a form stays open, with all that was typed
                await call.ack()
            for outgoing in (render.card(card), failed) if card else (failed,):
                await self._tell(call, outgoing)
        except Exception as error:
            log.error("the asker could not be told: %s", where(error))

    async def _tell(self, call: Call, outgoing: Outgoing) -> None:
        """Tell the asker alone, where they asked; where that fails, in a direct message."""
        try:
            if event := call.body.get("event"):
                await call.client.chat_postEphemeral(
                    channel=event["channel"], user=call.user, text=outgoing.text, blocks=outgoing.blocks
                )
            else:
                await call.privately(outgoing)
        except Exception as error:
            log.error("the asker could not be told in place: %s", where(error))
            await post(call.client, call.user, None, outgoing)

    def _learn_agency(self, call: Call, person: Person) -> None:
        """Work out an asker's agency, beside the answer."""
        task = asyncio.create_task(self._agencies.learn(call.client, call.user, person))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _on_error(self, error: Exception) -> None:
        log.error("Slack's framework reported: %s", where(error))

    async def _only_our_workspaces(self, body: Any, context: Any, next: Any) -> BoltResponse | None:
        allowed = self._teams or {context.authorize_result.team_id}
        strangers = teams_of(body) - set(allowed)
        if not strangers:
            await next()
            return None
        log.warning("a request from another workspace was refused")
        said = f"{NOT_HERE} {render.contacts(self.desk.library.directory.to_ring(self.desk.clock())).text}"
        if body.get("command"):
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": said})
        event = body.get("event") or {}
        asked = message(event, context.bot_user_id) if event.get("type") in ("message", "app_mention") else None
        if asked is not None:
            task = asyncio.create_task(self._refuse(asked, said))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return BoltResponse(status=200, body="")

    async def _refuse(self, asked: Message, said: str) -> None:
        """Tell somebody of another workspace, alone, that they are not served, and whom to ring."""
        try:
            await self.app.client.chat_postEphemeral(
                channel=asked.channel, user=asked.user, thread_ts=asked.thread_ts, text=said
            )
        except Exception as error:
            log.info("a refusal could not be said: %s", where(error))

    async def on_nothing(self, call: Call) -> None:
        """Events that need no answer."""
        await call.ack()


def _not_sent(error: Exception) -> NotSent:
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
