"""Slack over HTTP: mentions, direct messages, `/safeguarding`, and the buttons under the answers."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.access import AgencySource, Person
from bot.answering import messages
from bot.answering.reply import Reply, Status
from bot.config import SlackSettings
from bot.desk import Answered, Desk, where
from bot.knowledge.model import Agency
from bot.privacy import Guard
from handlers.slack import render
from handlers.slack.incoming import Message, Seen, message, plain_text, teams_of
from handlers.slack.render import Outgoing

log = logging.getLogger(__name__)

LATE = timedelta(minutes=2)
SENDING_SECONDS = 15
SAVING_SECONDS = 2.0
"""Slack takes a form's answer within 3 s; what is not saved by then stays open, to be sent again."""
COMMAND = "/safeguarding"
NOT_HERE = "This bot does not serve your workspace. In danger, ring 999. Otherwise ask your own safeguarding lead."
NOT_SAVED = "Not saved yet. Press Send again in a moment; your text is still here."
NOT_NOTED = "Not saved yet. Press the button again in a moment."
NOT_IN_CHANNEL = "I cannot write in this channel. Invite me to it first, then press the button again."


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
    def channel(self) -> str | None:
        found = (self.body.get("channel") or {}).get("id") or (self.body.get("container") or {}).get("channel_id")
        return str(found) if found else None

    @property
    def ephemeral(self) -> bool:
        return bool((self.body.get("container") or {}).get("is_ephemeral"))

    async def privately(self, outgoing: Outgoing) -> None:
        """Answer so that only the asker sees it.

        Raises: NotDelivered. (Bolt's own `respond` would wait for no rate limit, and not say that it failed.)
        """
        address = AsyncWebhookClient(
            self.body["response_url"], timeout=SENDING_SECONDS, retry_handlers=retry_handlers()
        )
        sent = await address.send(**outgoing.as_arguments(), response_type="ephemeral", replace_original=False)
        if sent.status_code != 200:
            raise NotDelivered


Listener = Callable[[Call], Awaitable[None]]


class Slack:
    """The Slack channel of one desk."""

    def __init__(self, desk: Desk, settings: SlackSettings) -> None:
        self.desk = desk
        self._teams = settings.team_ids
        self._seen = Seen()
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._agencies: dict[str, Agency] = {}
        """Of askers met since the start, so that the emergency card needs no database."""
        client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=SENDING_SECONDS)
        client.retry_handlers = retry_handlers()
        # Bolt logs what was typed. Each of its loggers takes its level from the one given here, else from the root.
        quiet = logging.getLogger("slack_bolt")
        quiet.setLevel(logging.CRITICAL)
        self._verifier = SignatureVerifier(settings.signing_secret)
        self.app = AsyncApp(client=client, request_verification_enabled=False, logger=quiet)
        self._handler = AsyncSlackRequestHandler(self.app)
        self._register()

    async def receive(self, request: Request) -> Response:
        """All of Slack: POST /slack/events."""
        if not self._signed(await request.body(), request.headers):
            return PlainTextResponse("not signed by Slack\n", 401)
        return await self._handler.handle(request)

    def _signed(self, body: bytes, headers: Headers) -> bool:
        """Whether Slack signed this. Asked here, because Bolt verifies only after it has parsed the body."""
        timestamp, signature = (headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):
            # No number, no ASCII or no UTF-8.
            return False

    async def finish(self, seconds: float) -> None:
        """Let the listeners in flight end."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=seconds)
            if late:
                log.error("%d answers were not sent before stopping", len(late))

    # Wiring

    def _register(self) -> None:
        self.app.middleware(self._only_our_workspaces)
        every = re.compile(".*")
        self.app.event("app_mention")(self._listener(self.on_message))
        self.app.event("message")(self._listener(self.on_message))
        self.app.event(every)(self._listener(self.on_nothing))
        self.app.command(COMMAND)(self._listener(self.on_command))
        for action_id, listener in (
            (re.compile(r"show_(entry|related)_\d+"), self.on_show_entry),
            (re.compile(r"show_topic_\d+"), self.on_show_topic),
            ("ask_without", self.on_ask_without),
            ("share_entry", self.on_share_entry),
            ("verdict", self.on_verdict),
            (every, self.on_old_button),
        ):
            self.app.action(action_id)(self._listener(listener))
        self.app.view("missing")(self._listener(self.on_missing))
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
        card = self.desk.alarm(call.typed, self._agencies.get(call.user))
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
            await self._post(call.client, call.user, None, outgoing)

    async def _on_error(self, error: Exception) -> None:
        log.error("Slack's framework reported: %s", where(error))

    async def _only_our_workspaces(self, body: Any, context: Any, next: Any) -> BoltResponse | None:
        allowed = self._teams or {context.authorize_result.team_id}
        strangers = teams_of(body) - set(allowed)
        if not strangers:
            await next()
            return None
        log.warning("a request from another workspace was refused")
        if body.get("command"):
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": NOT_HERE})
        return BoltResponse(status=200, body="")

    # Questions

    async def on_nothing(self, call: Call) -> None:
        """Events that need no answer."""
        await call.ack()

    async def on_message(self, call: Call) -> None:
        """A mention in a channel, or a direct message."""
        asked = message(call.body["event"], call.context.bot_user_id)
        key = f"event:{call.body.get('event_id')}"
        if asked is None or not self._seen.first_time(key):
            return
        card = self.desk.alarm(asked.text, self._agencies.get(asked.user))
        if card is not None:
            await self._post(call.client, asked.channel, asked.answer_in, render.card(card))
        if await self.desk.done_before(key):
            return
        answered = await self._answer(asked.text, asked.user, asked.thread, emergency=card is not None)
        await self._send(call, asked, answered)
        await self.desk.record(answered, key)

    async def _answer(self, text: str, user: str, thread: str, *, emergency: bool) -> Answered:
        person = await self.desk.person("slack", user)
        agency = self._agency(person)
        if agency is not None:
            self._agencies[user] = agency
        return self.desk.answer(
            text,
            channel="slack",
            asker=f"slack:{user}",
            person=person,
            agency=agency,
            agency_source=person.agency_source if person else AgencySource.UNKNOWN,
            previous=await self.desk.last_entry(thread),
            thread=thread,
            emergency=emergency,
        )

    def _agency(self, person: Person | None) -> Agency | None:
        if person is None or person.agency is None:
            return None
        return self.desk.library.directory.partnership.agency_by_id.get(person.agency)

    async def _send(self, call: Call, asked: Message, answered: Answered) -> None:
        reply, late = answered.reply, None
        if self.desk.clock() - asked.asked_at > LATE:
            zone = ZoneInfo(self.desk.library.directory.partnership.time_zone)
            late = messages.late(f"{asked.asked_at.astimezone(zone):%H:%M}")
        question_id = answered.question.id
        if asked.direct:
            outgoing = render.reply(_in_a_direct_message(reply), question_id=question_id, private=True, late=late)
            await self._post(call.client, asked.channel, asked.answer_in, outgoing)
        elif reply.status in (Status.IDENTIFIERS, Status.TOO_LONG, Status.BUSY, Status.EMPTY):
            # What only the writer should read: in the channel it would point at the message.
            outgoing = render.reply(_asking_to_delete(reply), private=True, hand_back=True, late=late)
            await call.client.chat_postEphemeral(
                channel=asked.channel,
                user=asked.user,
                thread_ts=asked.thread_ts,
                text=outgoing.text,
                blocks=outgoing.blocks,
            )
        else:
            outgoing = render.reply(reply, question_id=question_id, private=False, late=late)
            await self._post(call.client, asked.channel, asked.answer_in, outgoing)

    async def _post(self, client: AsyncWebClient, channel: str, thread: str | None, outgoing: Outgoing) -> None:
        try:
            await client.chat_postMessage(channel=channel, thread_ts=thread, **outgoing.as_arguments())
        except SlackApiError as error:
            if error.response.get("error") not in ("invalid_blocks", "invalid_blocks_format"):
                raise
            log.error("Slack refused the blocks of a reply; sending its text alone")
            await client.chat_postMessage(channel=channel, thread_ts=thread, text=outgoing.text)

    async def on_command(self, call: Call) -> None:
        """`/safeguarding text`, seen by the asker alone; `help`, `topics` and `contacts` when that is all it says."""
        await call.ack()
        if not self._seen.first_time(f"command:{call.body.get('trigger_id')}"):
            return
        text = call.typed
        outgoing = self._sub_command(text.lower())
        if outgoing is not None:
            await call.privately(outgoing)
            return
        card = self.desk.alarm(text, self._agencies.get(call.user))
        if card is not None:
            await call.privately(render.card(card))
        await self._answer_privately(call, text, emergency=card is not None)

    async def _answer_privately(self, call: Call, text: str, *, emergency: bool) -> None:
        thread = f"slack:{self._place(call)}:{call.user}"
        answered = await self._answer(text, call.user, thread, emergency=emergency)
        outgoing = render.reply(answered.reply, question_id=answered.question.id, private=True, hand_back=True)
        await call.privately(outgoing)
        await self.desk.record(answered)

    def _place(self, call: Call) -> str:
        return str(call.body.get("channel_id") or call.channel or "nowhere")

    def _sub_command(self, text: str) -> Outgoing | None:
        library = self.desk.library
        match text:
            case "contacts":
                return render.contacts(library.directory.to_ring(self.desk.clock()))
            case "topics" if library.knowledge is not None:
                return render.topics(library.knowledge)
            case "help" if library.guidance is not None:
                entry = library.guidance.small_talk.get("bot.what-can-you-do")
                usage = f"`{COMMAND} your question` · `{COMMAND} topics` · `{COMMAND} contacts`"
                shown = render.reply(Reply(Status.SMALL_TALK, entry=entry), private=True)
                return Outgoing(
                    shown.text,
                    [
                        *shown.blocks,
                        *render.topics(library.guidance.knowledge).blocks,
                        {"type": "section", "text": {"type": "mrkdwn", "text": usage}},
                    ],
                )
        return None

    # Buttons

    def _fresh(self, call: Call) -> bool:
        return self._seen.first_time(f"action:{call.user}:{call.action.get('action_ts')}")

    async def on_show_entry(self, call: Call) -> None:
        """A button that answers in place."""
        await call.ack()
        if not self._fresh(call):
            return
        reply = self.desk.show(str(call.action.get("value")), self._agencies.get(call.user))
        if reply is None:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        await self._in_place(call, render.reply(reply, private=call.ephemeral))

    async def _in_place(self, call: Call, outgoing: Outgoing) -> None:
        """Where the button stands: privately under a private answer, else in the same thread."""
        channel = call.channel
        if call.ephemeral or channel is None:
            await call.privately(outgoing)
            return
        origin = call.body.get("message") or {}
        thread = origin.get("thread_ts") or (None if channel.startswith("D") else origin.get("ts"))
        await self._post(call.client, channel, thread, outgoing)

    async def on_show_topic(self, call: Call) -> None:
        """A topic's entries."""
        await call.ack()
        knowledge, topic = self.desk.library.knowledge, str(call.action.get("value"))
        if not self._fresh(call):
            return
        if knowledge is None or topic not in knowledge.topics:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        await self._in_place(call, render.entries(knowledge.topics[topic].title, knowledge.entries_of(topic)))

    async def on_ask_without(self, call: Call) -> None:
        """Ask the question again with what identifies masked; answered to the asker alone."""
        await call.ack()
        if self._fresh(call):
            await self._answer_privately(call, str(call.action.get("value")), emergency=False)

    async def on_share_entry(self, call: Call) -> None:
        """Put the entry, not the question, into the channel."""
        await call.ack()
        if not self._fresh(call):
            return
        reply, channel = self.desk.show(str(call.action.get("value"))), call.channel
        if reply is None or channel is None:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        try:
            await self._post(call.client, channel, None, render.reply(reply, private=False))
        except SlackApiError:
            await call.privately(render.note(NOT_IN_CHANNEL))

    async def on_verdict(self, call: Call) -> None:
        """Helpful or not; when not, a form asks what was missing."""
        await call.ack()
        if not self._fresh(call):
            return
        verdict, _, question_id = str(call.action.get("value")).partition(":")
        try:
            if verdict == "no":  # first, since a trigger expires after three seconds
                form = render.missing_form(question_id)
                await call.client.views_open(trigger_id=call.body["trigger_id"], view=form)
        finally:
            saved = await self.desk.judge(
                question_id, helpful=verdict == "yes", person=await self.desk.person("slack", call.user)
            )
        if verdict == "yes":
            await call.privately(render.note("Thank you. That is noted." if saved else NOT_NOTED))

    async def on_missing(self, call: Call) -> None:
        """What was missing: saved before it is acknowledged, and handed back when it names somebody."""
        view = call.body["view"]
        text = str(view["state"]["values"]["missing"]["text"].get("value") or "").strip()
        card = self.desk.alarm(text, self._agencies.get(call.user))
        # Beside the rest: Slack waits three seconds for the form, and posting may take longer.
        posting = asyncio.create_task(self._post(call.client, call.user, None, render.card(card))) if card else None
        problem = self._problem_with(text)
        if problem is None and not await self._saved(view, text, call.user):
            problem = NOT_SAVED
        if problem is not None:
            await call.ack(response_action="errors", errors={"missing": render.cut(problem, 1500)})
        else:
            await call.ack()
        if posting is not None:
            await posting

    def _problem_with(self, text: str) -> str | None:
        guidance = self.desk.library.guidance
        found = (guidance.guard if guidance else Guard()).find(text)
        return messages.identifiers(found) if found else None

    async def _saved(self, view: dict[str, Any], text: str, user: str) -> bool:
        question_id, claim = str(view["private_metadata"]), f"view:{view.get('id')}"
        try:
            async with asyncio.timeout(SAVING_SECONDS):
                person = await self.desk.person("slack", user)
                return await self.desk.judge(question_id, helpful=False, person=person, missing=text, claim=claim)
        except TimeoutError:
            return False

    async def on_old_button(self, call: Call) -> None:
        """A button whose work is gone still gets an answer."""
        await call.ack()
        if self._fresh(call):
            await call.privately(render.note(messages.OLD_BUTTON))


def _asking_to_delete(reply: Reply) -> Reply:
    if reply.status is not Status.IDENTIFIERS:
        return reply
    ask = " Others can read your message here: please delete it."
    return Reply(**{**vars(reply), "message": reply.message + ask})


def _in_a_direct_message(reply: Reply) -> Reply:
    """A direct message stays where it is: it never repeats what identifies somebody."""
    if reply.status is not Status.IDENTIFIERS:
        return reply
    return Reply(**{**vars(reply), "message": reply.message + " Please delete your message too.", "give_back": None})
