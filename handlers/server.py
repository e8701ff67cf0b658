"""One process: the page, the health checks and Slack behind one ASGI server, on one event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import outbox
from bot.answering.library import Library
from bot.bulletin import Bulletin
from bot.config import Settings, SlackSettings, secret_key
from bot.desk import STORAGE_FAILS, Desk, now, where
from bot.storage import claims
from bot.storage.database import DatabaseUnusable, Store, migrate
from handlers.slack.app import Slack
from handlers.web.guards import SecurityHeaders, SizeLimit
from handlers.web.guidance import GuidancePages
from handlers.web.page import Page
from handlers.web.rendering import Rendering
from handlers.web.reports import Reports

log = logging.getLogger(__name__)

FAULTS_SHOWN = 5
OUTBOX_SECONDS = 2
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
    config = uvicorn.Config(
        make_app(desk, key, settings.slack, settings.public_url, settings.managers),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run()


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
    slack_settings: SlackSettings | None,
    public_url: str | None = None,
    managers: tuple[str, ...] = (),
) -> Starlette:
    """The ASGI application. `public_url`: where practitioners reach it, for what is printed."""
    rendering = Rendering(desk, key)
    slack = Slack(desk, slack_settings, managers) if slack_settings else None
    routes = [
        *Page(rendering).routes,
        *GuidancePages(rendering, public_url).routes,
        *Reports(rendering).routes,
        Route("/healthz", _alive),
        Route("/readyz", _ready(desk, slack)),
        *([Route("/slack/events", slack.receive, methods=["POST"])] if slack and slack.socket is None else []),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        chores = [asyncio.create_task(_tidy(desk))]
        if slack is not None and slack.socket is not None:
            await slack.socket.open()
        if slack is not None and desk.store is not None:
            chores.append(asyncio.create_task(_deliver(desk.store, slack, desk.clock)))
        yield
        for chore in chores:
            chore.cancel()
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


def _ready(desk: Desk, slack: Slack | None):  # type: ignore[no-untyped-def]
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
            "knowledge_version": library.version,
            # While there are any, what was saved is not in use; the version before is.
            "knowledge_faults": [*library.faults[:FAULTS_SHOWN]],
        }
        return JSONResponse(body, 200 if body["ready"] else 503)

    return ready


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


async def _deliver(store: Store, slack: Slack, clock: Callable[[], datetime]) -> None:
    """Send what waits in the outbox."""
    while True:
        try:
            await outbox.deliver(store, "slack", slack.send, clock)
        except Exception as error:  # whatever it is, the next round may go well
            log.error("the outbox could not be worked on: %s", where(error))
        await asyncio.sleep(OUTBOX_SECONDS)


async def _tidy(desk: Desk) -> None:
    """Once an hour, forget claims that nothing can repeat any more."""
    while True:
        if desk.store is not None:
            at = desk.clock()
            try:
                await desk.store.write(lambda tx: claims.forget_old(tx, at))  # noqa: B023 - awaited in this turn
            except STORAGE_FAILS as error:
                log.error("old claims could not be removed: %s", where(error))
        await asyncio.sleep(3600)
