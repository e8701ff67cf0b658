"""One process: the page, the health checks and Slack behind one ASGI server, on one event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.access import Person
from bot.announcing import agencies_without_lead
from bot.answering.library import Library
from bot.bulletin import Bulletin
from bot.config import Settings, SlackSettings, secret_key
from bot.desk import STORAGE_FAILS, Desk, now, where
from bot.ledger import NotSaved
from bot.records import Records, records_of
from bot.reviewing import TERMINAL, Reviewing
from bot.storage.database import DatabaseUnusable, Store, migrate
from bot.switch import Switch
from handlers import clockwork, terminal_review
from handlers.slack.app import Slack
from handlers.web.guards import SecurityHeaders, SizeLimit
from handlers.web.guidance import GuidancePages
from handlers.web.page import Page
from handlers.web.rendering import Rendering
from handlers.web.reports import Reports
from handlers.web.review.pages import review

log = logging.getLogger(__name__)

FAULTS_SHOWN = 5
STOP_SECONDS = 20
"""Listeners and writes in flight finish within this of SIGTERM."""


def run(settings: Settings) -> None:
    """Migrate, then listen until told to stop.

    Raises: WrongSetting.
    """
    key = secret_key(settings)
    quiet_libraries()
    library = Library(settings.knowledge_dir, settings.partnership, settings.data_dir, now, settings.semantic_model)
    desk = Desk(library, open_store(settings))
    open_library(library, desk.store, settings)
    library.add_meaning_in_background()
    library.watch()
    log.info("the page is at http://%s:%d", settings.host, settings.port)
    if settings.slack is None:
        log.info("for Slack set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET or SLACK_APP_TOKEN (docs/install.md)")
    records = records_of(desk, settings)
    offer_link(desk, settings)
    config = uvicorn.Config(
        make_app(
            desk,
            key,
            records,
            settings.slack,
            settings.public_url,
            settings.managers,
            settings.mash_officers,
            secure=https_alone(settings),
        ),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run()


def https_alone(settings: Settings) -> bool:
    """Whether managers are signed in over HTTPS alone: not where only this machine can reach the server."""
    return not settings.on_loopback or (settings.public_url or "").startswith("https:")


def offer_link(desk: Desk, settings: Settings) -> None:
    """Without Slack, which hands out links: one to the review pages, for whoever starts the bot in a terminal."""
    if settings.slack is not None or desk.store is None or not terminal_review.is_watched():
        return
    try:
        click.echo(f"The review pages: {asyncio.run(terminal_review.link(desk, settings))}")
        click.echo(f"{terminal_review.ONCE}; `python app.py review` prints another.")
    except NotSaved:
        log.error("a link to the review pages could not be made")


def open_library(library: Library, store: Store | None, settings: Settings) -> None:
    """Load the knowledge; with a database, each version that comes into use is kept, and told where that is set."""
    if store is None:
        library.open()
        return
    bulletin = Bulletin(store, settings, now)
    library.listener = bulletin.listener
    library.open(kept=bulletin.last_in_use)


def open_store(settings: Settings) -> Store | None:
    """The migrated database; without one the bot still answers, and /readyz says so."""
    try:
        migrate(settings.database)
    except DatabaseUnusable as error:
        log.error("%s; questions are answered and not recorded", error)
        return None
    return Store(settings.database)


def quiet_libraries() -> None:
    """Keep from the log what libraries write of requests: it may hold what somebody typed."""
    for name in ("slack_bolt", "slack_sdk"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("uvicorn.error").addFilter(_without_trace)


def _without_trace(record: logging.LogRecord) -> bool:
    """Log that a request failed and where, not the error's text, which may hold what somebody typed."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg, record.args = f"a request failed: {where(record.exc_info[1])}", ()
        record.exc_info = record.exc_text = None
    return True


def make_app(
    desk: Desk,
    key: str,
    records: Records,
    slack_settings: SlackSettings | None,
    public_url: str | None = None,
    managers: tuple[str, ...] = (),
    officers: tuple[str, ...] = (),
    *,
    secure: bool = False,
) -> Starlette:
    """The ASGI application. `public_url`: where practitioners reach it, for what is printed.

    `managers`, `officers`: who are the partnership's managers, and who works in the MASH (see `Settings`).
    `secure`: whether managers are signed in over HTTPS alone.
    """
    rendering = Rendering(desk, key)

    async def is_manager(person: Person) -> bool | None:
        """Whether somebody still is one: in Slack as MANAGERS says, at the machine itself always."""
        if person.channel == TERMINAL:
            return True
        if slack is None or person.channel != "slack" or person.address is None:
            return False
        return await slack.people.is_still_manager(person.address)

    reviewing = Reviewing(desk, is_manager)
    slack = (
        Slack(desk, slack_settings, records, managers, officers, reviewing, public_url) if slack_settings else None
    )
    routes = [
        review(rendering, records, reviewing, secure=secure),  # first, so that no odd address gets past it
        *Page(rendering).routes,
        *GuidancePages(rendering, public_url).routes,
        *Reports(rendering).routes,
        Route("/healthz", _alive),
        Route("/readyz", _ready(desk, slack, managers, reviewing)),
        *([Route("/slack/events", slack.receive, methods=["POST"])] if slack and slack.socket is None else []),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await Switch(desk).look()
        if slack is not None:
            await slack.open()
        chores = clockwork.start(desk, records, slack.delivery.send if slack else None)
        yield
        await clockwork.stop(chores, STOP_SECONDS)
        desk.library.stop()
        if slack is not None:
            await slack.finish(STOP_SECONDS)
        if desk.store is not None and not await asyncio.to_thread(desk.store.close, STOP_SECONDS):
            log.error("not every record was written before stopping")

    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders), Middleware(SizeLimit)],
        exception_handlers={HTTPException: rendering.problem, Exception: rendering.problem},
    )


async def _alive(_: Request) -> Response:
    return PlainTextResponse("alive\n")


def _ready(desk: Desk, slack: Slack | None, managers: tuple[str, ...], reviewing: Reviewing):  # type: ignore[no-untyped-def]
    async def ready(_: Request) -> Response:
        """Whether knowledge is loaded, the database can be written, and Slack's socket stands where one is used."""
        library = desk.library
        parts = {"knowledge": library.guidance is not None, "database": await _writable(desk)}
        if slack is not None and slack.socket is not None:
            parts["slack"] = await slack.connected()
        body = {
            **parts,
            "ready": all(parts.values()),
            "unrecorded": desk.unrecorded,
            "switched_off": desk.switched_off is not None,
            # How often somebody was not let in to the review pages, since the start; the overview there says why.
            "review_refused": reviewing.refused_since_start,
            # Both are for people to put right; the bot answers meanwhile.
            "agencies_without_lead": _untold(desk),
            "managers": bool(managers),
            "knowledge_version": library.version,
            # While there are any, what was saved is not in use; the version before is.
            "knowledge_faults": [*library.faults[:FAULTS_SHOWN]],
        }
        return JSONResponse(body, 200 if body["ready"] else 503)

    return ready


def _untold(desk: Desk) -> int | None:
    """How many agencies have no lead whom the bot can tell; None where there is no policy to read."""
    knowledge = desk.library.knowledge
    if knowledge is None or knowledge.escalation is None:
        return None
    return len(agencies_without_lead(knowledge.partnership, knowledge.escalation, desk.clock().date()))


async def _writable(desk: Desk) -> bool:
    if desk.store is None:
        return False
    try:
        async with asyncio.timeout(5):
            await desk.store.check_writable()
    except (*STORAGE_FAILS, TimeoutError) as error:
        log.error("the database cannot be written: %s", where(error))
        return False
    return True
