"""Slack, over HTTP or a websocket: who may ask, which listener answers, and what the asker hears when one fails."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.access import Person
from bot.config import SlackSettings
from bot.desk import Desk, where
from bot.records import Records
from bot.reviewing import Reviewing
from handlers.slack import render
from handlers.slack.admission import Admission
from handlers.slack.agency import Agencies
from handlers.slack.asking import FEEDBACK, Asking
from handlers.slack.buttons import Buttons
from handlers.slack.call import SENDING_SECONDS, Call, connections, post, retry_handlers
from handlers.slack.delivery import Delivery
from handlers.slack.feedback import Feedback
from handlers.slack.for_managers import ForManagers
from handlers.slack.home import Home
from handlers.slack.incoming import message
from handlers.slack.mash_list import MashList
from handlers.slack.people import People
from handlers.slack.questions import COMMAND, Questions
from handlers.slack.quick_records import QuickRecords
from handlers.slack.raising import Raising
from handlers.slack.render import Outgoing
from handlers.slack.reporting import Reporting
from handlers.slack.reports import Reports
from handlers.slack.reviewing import Review
from handlers.slack.shortcuts import Shortcuts
from handlers.slack.socket import Socket
from handlers.slack.switching import Switching
from handlers.slack.ticket_forms import TicketForms
from handlers.slack.tickets import ESCALATE, MOVE, Tickets

log = logging.getLogger(__name__)

Listener = Callable[[Call], Awaitable[None]]


class Slack:
    """The Slack channel of one desk."""

    def __init__(
        self,
        desk: Desk,
        settings: SlackSettings,
        records: Records,
        managers: tuple[str, ...] = (),
        officers: tuple[str, ...] = (),
        reviewing: Reviewing | None = None,
        public_url: str | None = None,
    ) -> None:
        self.desk = desk
        self._in_flight: set[asyncio.Task[Any]] = set()
        # Bolt logs what was typed, and the SDK makes a text of each message, logged or not.
        # Each of their loggers takes its level from the one given here, else from the root.
        quiet = logging.getLogger("slack_bolt")
        quiet.setLevel(logging.CRITICAL)
        client, self._posting = (
            AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, timeout=SENDING_SECONDS, logger=quiet)
            for _ in range(2)
        )
        client.retry_handlers = retry_handlers()
        # The outbox tries again by itself, and meanwhile sends to others. Only a connection that broke is made anew.
        self._posting.retry_handlers = [AsyncConnectionErrorRetryHandler(max_retry_count=2)]
        self.people = people = People(client, managers, officers)
        self._admission = Admission(desk, people, settings.team_ids, self._beside)
        self._questions = Questions(desk, settings)
        self._questions.met = self._learn_agency
        self._review = Review(people, reviewing, public_url)
        self._reporting = Reporting(desk, people)
        self._questions.for_managers = self._managers_command
        self._buttons = Buttons(self._questions)
        self._feedback = Feedback(self._questions)
        self._reports = Reports(self._questions)
        self._agencies = Agencies(self._questions, people)
        self.delivery = Delivery(self._posting, people, desk, records)
        ticket_forms = TicketForms(self._questions, people, records)
        self._raising = Raising(ticket_forms)
        self._quick_records = QuickRecords(ticket_forms)
        self._tickets = Tickets(ticket_forms, self._raising)
        self._asking = Asking(ticket_forms, self._tickets)
        self._mash_list = MashList(ticket_forms)
        self._for_managers = ForManagers(records, people)
        parts = (self._tickets, self._asking, self._mash_list)
        self._home = Home(self._questions, self._agencies, self._for_managers, parts)
        self._shortcuts = Shortcuts(self._questions)
        self._switching = Switching(self._questions, people, self._home)
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

    async def open(self) -> None:
        """Begin what needs the running loop: the connections to Slack that are kept, and the websocket if any."""
        self.app.client.session = self._posting.session = connections()
        if self.socket is not None:
            await self.socket.open()

    async def finish(self, seconds: float) -> None:
        """Take no more, let the listeners in flight end within `seconds`, and close the connections."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        if self.socket is not None:
            await self.socket.refuse_more(seconds)
        await self.settle(deadline - loop.time())
        if self._in_flight:
            log.error("%d answers were not sent before stopping", len(self._in_flight))
        if self.socket is not None:
            await self.socket.close()
        if self.app.client.session is not None:
            await self.app.client.session.close()

    async def settle(self, seconds: float) -> None:
        """Wait until the listeners in flight have ended, `seconds` at most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        # One may begin another, such as to learn an asker's agency: again until none is left.
        while self._in_flight and loop.time() < deadline:
            await asyncio.wait(set(self._in_flight), timeout=max(0.0, deadline - loop.time()))

    # Wiring

    def _register(self) -> None:
        self.app.middleware(self._admission.only_our_workspaces)
        every = re.compile(".*")
        self.app.event("app_mention")(self._listener(self._questions.on_message))
        self.app.event("message")(self._listener(self._questions.on_message))
        self.app.event("app_home_opened")(self._listener(self._home.on_opened))
        self.app.event(every)(self._listener(self.on_nothing))
        self.app.global_shortcut("ask_safeguarding")(self._listener(self._shortcuts.on_ask))
        self.app.message_shortcut("find_guidance")(self._listener(self._shortcuts.on_find))
        self.app.command(COMMAND)(self._listener(self._questions.on_command))
        self.app.command(ESCALATE)(self._listener(self._tickets.on_command))
        self.app.command(FEEDBACK)(self._listener(self._asking.on_command))
        self.app.global_shortcut("ask_feedback")(self._listener(self._asking.on_begin))
        self.app.global_shortcut("raise_escalation")(self._listener(self._raising.on_begin))
        self.app.message_shortcut("escalate_message")(self._listener(self._raising.on_message))
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
            ("show_week", self._for_managers.on_show_week),
            ("send_digest", self._home.on_send_digest),
            ("report_month", self._reporting.on_month),
            ("switch_off", self._switching.on_off),
            ("switch_on", self._switching.on_on),
            ("no_answer", self._reports.on_no_answer),
            ("raise_escalation", self._raising.on_begin),
            ("record_escalation", self._raising.on_record_for_somebody),
            ("ask_feedback", self._asking.on_begin),
            ("escalate_feedback", self._raising.on_feedback),
            ("open_mash_list", self._mash_list.on_open),
            ("several_told", self._mash_list.on_several),
            ("open_ticket", self._tickets.on_open),
            ("copy_ticket", self._tickets.on_copy),
            (MOVE, self._tickets.on_move),
            (re.compile(r"quick_[a-z-]+"), self._quick_records.on_quick),
            ("suggest_correction", self._reports.on_correction),
            (every, self._buttons.on_old_button),
        ):
            self.app.action(action_id)(self._listener(listener))
        self.app.view("ask")(self._listener(self._shortcuts.on_ask_sent))
        self.app.view("switch_off")(self._listener(self._switching.on_off_sent))
        self.app.view("escalation_door")(self._listener(self._raising.on_door_sent))
        self.app.view("escalation")(self._listener(self._raising.on_raised))
        self.app.view("feedback")(self._listener(self._asking.on_asked))
        self.app.view("several_told")(self._listener(self._mash_list.on_several_sent))
        self.app.view("ticket_move")(self._listener(self._tickets.on_move_sent))
        self.app.view("quick_record")(self._listener(self._quick_records.on_quick_sent))
        self.app.view("missing")(self._listener(self._feedback.on_missing))
        self.app.view("no_answer")(self._listener(self._reports.on_no_answer_sent))
        self.app.view("correction")(self._listener(self._reports.on_correction_sent))
        self.app.error(self._on_error)

    async def _managers_command(self, call: Call, text: str) -> Outgoing | None:
        """What a manager's sub-command gives; None where it is none of them."""
        return await self._review.answer(call, text) or await self._reporting.answer(call, text)

    def _listener(self, work: Listener) -> Callable[..., Awaitable[None]]:
        """Bolt's listener for `work`: counted while it runs, and whatever fails, the asker hears."""

        async def listener(ack: Any, body: Any, context: Any, client: Any) -> None:
            call = Call(body, context, client, ack)
            task = asyncio.current_task()
            if task is not None:
                self._in_flight.add(task)
                task.add_done_callback(self._in_flight.discard)
            try:
                if not call.is_form:  # a form is acknowledged when it is saved
                    await call.ack()
                refusal = await self._admission.refused_as_guest(call)
                await (work(call) if refusal is None else self._refuse_guest(call, refusal))
            except Exception as error:
                log.error("a request from Slack failed: %s", where(error))
                await self._say_that_it_failed(call)

        return listener

    async def _say_that_it_failed(self, call: Call) -> None:
        # The card once more: it may be what failed.
        card = self._questions.alarm(call.typed, call.user)
        failed = render.reply(self.desk.failed(self.desk.clock()), private=True)
        try:
            if not call.is_form:  # without an acknowledgement a form stays open, with all that was typed
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
        self._beside(self._agencies.learn(call.user, person))

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the request that it belongs to, and let it end before the bot stops."""
        task = asyncio.create_task(work)
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _on_error(self, error: Exception) -> None:
        log.error("Slack's framework reported: %s", where(error))

    async def _refuse_guest(self, call: Call, refusal: Outgoing) -> None:
        event = call.body.get("event") or {}
        if event.get("type") == "app_home_opened":
            await call.client.views_publish(user_id=call.user, view={"type": "home", "blocks": refusal.blocks})
        elif not event or message(event, call.context.bot_user_id) is not None:
            await self._tell(call, refusal)

    async def on_nothing(self, call: Call) -> None:
        """Events that need no answer."""
        await call.ack()
