"""The processes of `tests.bench_slack`: people who ask, a stand-in for Slack's Web API, our bot, and a bare one.

Each begins with its pipe to the bench. Times are of the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import uvicorn
from aiohttp import web
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from bot.answering.library import Library
from bot.answering.matching.matcher import make_matcher, semantic_index
from bot.answering.matching.semantic import Encoder
from bot.answering.matching.thresholds import shipped
from bot.config import ROOT, read_settings
from bot.desk import now
from bot.storage.database import connect, utc
from bot.storage.questions import new_id
from handlers import server

ASKERS = 64
RUN_SECONDS = 30
"""A run that takes longer has failed."""
PHRASES_WITH_MEANING = 3
"""Of each entry: a question takes no longer by more of them, but the vectors of all take a minute to make."""

SECRET, TOKEN, TEAM, BOT_USER = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-bench", "T0HOME", "U0BOT"
MENTION, COMMAND = "mention", "command"
CHANNEL = re.compile(rb'"channel": ?"(\w+)"')
CARD = b'"text": "Emergency"'
"""The emergency card's heading. The card goes before the reply, and nobody waits for it."""


# The people


@dataclass(frozen=True)
class Load:
    """One run: so many questions of each asker, one after the other, in ways that take turns, at a bot's address."""

    number: int
    url: str
    ways: tuple[str, ...]
    each: int


@dataclass
class Times:
    """How a run went, in seconds: its beginning, and how long each question waited for the one and for the other."""

    begun: float
    acknowledged: list[float] = field(default_factory=list)
    replied: list[float] = field(default_factory=list)


def people(pipe: Connection, slack: str) -> None:
    """Carry out each load that comes, and tell its times."""
    lines = (ROOT / "tests" / "questions" / "dev-inscope.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["text"] for line in lines]
    while True:
        pipe.send(asyncio.run(_Crowd(pipe.recv(), slack, questions).run()))


class _Crowd:
    """The askers of one run, each a person of their own in a channel of their own."""

    def __init__(self, load: Load, slack: str, questions: list[str]) -> None:
        self._load, self._slack, self._questions = load, slack, questions
        self._awaited: dict[str, asyncio.Future[float]] = {}
        """By channel: when the reply arrives at Slack."""

    async def run(self) -> Times:
        """Raises: TimeoutError, and a group of whatever else goes wrong."""
        async with (
            asyncio.timeout(RUN_SECONDS),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
            http.ws_connect(f"{self._slack}/replies") as replies,
            asyncio.TaskGroup() as group,
        ):
            listening = group.create_task(self._listen(replies))
            times = Times(time.monotonic())
            await asyncio.gather(*(self._ask_all(number, http, times) for number in range(ASKERS)))
            listening.cancel()
        return times

    async def _listen(self, replies: aiohttp.ClientWebSocketResponse) -> None:
        async for told in replies:
            channel, at = told.data.split()
            if channel not in self._awaited:
                raise LookupError(f"a reply that nobody waits for, in {channel}")
            self._awaited.pop(channel).set_result(float(at))

    async def _ask_all(self, number: int, http: aiohttp.ClientSession, times: Times) -> None:
        channel, user = f"C0ASKER{number}", f"U{self._load.number}ASKER{number}"
        for turn in range(self._load.each):
            text = self._questions[(number + turn * ASKERS) % len(self._questions)]
            key = f"{self._load.number}-{number}-{turn}"
            if self._load.ways[(number + turn) % len(self._load.ways)] == MENTION:
                body, kind = _mention(text, channel, user, key), "application/json"
            else:
                body, kind = self._command(text, channel, user, key), "application/x-www-form-urlencoded"
            reply = self._awaited[channel] = asyncio.get_running_loop().create_future()
            begun = time.monotonic()
            async with http.post(f"{self._load.url}/slack/events", data=body, headers=_signed(body, kind)) as said:
                said.raise_for_status()
                await said.read()
            times.acknowledged.append(time.monotonic() - begun)
            times.replied.append(await reply - begun)

    def _command(self, text: str, channel: str, user: str, key: str) -> str:
        return urlencode(
            {
                "team_id": TEAM,
                "channel_id": channel,
                "user_id": user,
                "command": "/safeguarding",
                "text": text,
                "trigger_id": key,
                "response_url": f"{self._slack}/response/{channel}",
            }
        )


def _signed(body: str, kind: str) -> dict[str, str]:
    timestamp = str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=timestamp, body=body) or ""
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def _mention(text: str, channel: str, user: str, key: str) -> str:
    said = f"<@{BOT_USER}> {text}"
    ts = f"{time.time():.6f}"
    return json.dumps(
        {
            "team_id": TEAM,
            "type": "event_callback",
            "event": {"type": "app_mention", "user": user, "text": said, "ts": ts, "team": TEAM, "channel": channel},
            "event_id": f"Ev{key}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }
    )


# Slack's Web API


def stand_in(_: Connection, port: int) -> None:
    """Take whatever comes, and tell who listens at /replies of each reply: its channel, and when it came."""
    listeners: set[web.WebSocketResponse] = set()

    async def replies(request: web.Request) -> web.WebSocketResponse:
        listener = web.WebSocketResponse()
        await listener.prepare(request)
        listeners.add(listener)
        async for _ in listener:  # until it is closed
            pass
        listeners.discard(listener)
        return listener

    async def arrived(channel: str, at: float, body: bytes) -> None:
        if CARD not in body:
            for listener in listeners:
                await listener.send_str(f"{channel} {at}")

    async def message(request: web.Request) -> web.Response:
        at, body = time.monotonic(), await request.read()
        found = CHANNEL.search(body)
        channel = found[1].decode() if found else ""
        await arrived(channel, at, body)
        return web.json_response({"ok": True, "channel": channel, "ts": "1795602000.000100"})

    async def response(request: web.Request) -> web.Response:
        at, body = time.monotonic(), await request.read()
        await arrived(request.match_info["channel"], at, body)
        return web.Response(text="ok")

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "team_id": TEAM, "user_id": BOT_USER, "bot_id": "B0BOT"})

    async def user(_: web.Request) -> web.Response:
        return web.json_response({"ok": True, "user": {"profile": {}}})

    app = web.Application()
    app.router.add_get("/replies", replies)
    app.router.add_post("/response/{channel}", response)
    app.router.add_post("/api/auth.test", token)
    app.router.add_route("*", "/api/users.info", user)
    app.router.add_post("/api/chat.postMessage", message)
    app.router.add_post("/api/chat.postEphemeral", message)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


# The bots


def our_bot(_: Connection, port: int, database: Path, slack: str, *, meaning: bool) -> None:
    """Our bot, as `app.py serve` runs it. Raises: NoModel."""
    server.Library = _LearnedAtOnce if meaning else Library
    environment = {
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": str(port),
        "SEMANTIC_MODEL": str(database.parent),  # where there is none: words alone
        "SLACK_API_URL": f"{slack}/api/",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
    }
    server.run(read_settings(environment, dotenv=database.with_name("none.env")))


class _LearnedAtOnce(Library):
    """Matches by meaning too from the start, from a few phrases of each entry."""

    def add_meaning_in_background(self) -> None:
        guidance = self.guidance
        entries = [*guidance.knowledge.entries.values(), *guidance.small_talk.values()]
        few = [replace(entry, phrases=entry.phrases[:PHRASES_WITH_MEANING], never=()) for entry in entries]
        thresholds = shipped(meaning=True)
        small_talk = list(guidance.small_talk.values())
        index = semantic_index(few, Encoder.installed(), None)
        matcher = make_matcher(guidance.knowledge, small_talk, index, thresholds.words_weight)
        self.guidance = replace(guidance, matcher=matcher, thresholds=thresholds)


def bare_bot(_: Connection, port: int, database: Path, slack: str) -> None:
    """Bolt alone: each mention is echoed, and recorded on a thread of its own with the same pragmas as ours."""
    server.quiet_libraries()
    connection, writer = connect(database), ThreadPoolExecutor(1)
    connection.execute("CREATE TABLE questions (id TEXT PRIMARY KEY, at TEXT, text TEXT, status TEXT) STRICT")
    app = AsyncApp(client=AsyncWebClient(token=TOKEN, base_url=f"{slack}/api/"), signing_secret=SECRET)

    @app.event("app_mention")
    async def echo(event, say):
        await say(event["text"])
        row = (new_id(), utc(now()), event["text"])
        insert = partial(connection.execute, "INSERT INTO questions VALUES (?, ?, ?, 'echoed')", row)
        await asyncio.get_running_loop().run_in_executor(writer, insert)

    routes = [Route("/slack/events", AsyncSlackRequestHandler(app).handle, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=port, access_log=False, log_level="warning", server_header=False)
