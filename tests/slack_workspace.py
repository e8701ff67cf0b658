"""The running application, and the people of a workspace who write to it: requests signed as Slack signs them."""

import asyncio
import inspect
import itertools
import json
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import httpx
import uvicorn
from slack_sdk.signature import SignatureVerifier
from slack_stand_in import BOT_ID, BOT_USER, HOME_TEAM, PATIENCE, buttons_of
from ticketing import records_of

from bot.answering.library import Library
from bot.config import SlackSettings
from bot.desk import Desk
from bot.storage.database import Store, migrate, utc
from bot.tickets.fields import BETWEEN
from handlers.server import make_app, quiet_libraries

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
WEDNESDAY_MORNING = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
ASKER, CHANNEL, DIRECT = "U0ASKER", "C0TEAM", "D0ASKER"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class _Server(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        self.listening.set()

    async def main_loop(self):
        # Uvicorn's own looks ten times a second whether to stop, which adds up over a few hundred tests.
        await self._leaving.wait()

    def leave(self):
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    def wait_for(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


class Running:
    """An application under uvicorn on port 0, in a thread."""

    def __init__(self, app):
        ready = next(route.endpoint for route in app.routes if route.path == "/readyz")
        self._slack = inspect.getclosurevars(ready).nonlocals["slack"]
        # No logging of its own, so that what it logs is seen by the tests too.
        config = uvicorn.Config(app, port=0, log_config=None, log_level="warning", ws="none", access_log=False)
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, name="bot")
        self._thread.start()
        assert self._server.listening.wait(PATIENCE), "the server did not start"
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def settle(self):
        """Let the work that was begun end."""
        self.wait_for(self._slack.settle(PATIENCE))

    def wait_for(self, work):
        """What a coroutine returns that is run on the bot's own loop."""
        return self._server.wait_for(work)

    def begin_stop(self):
        """As SIGTERM does: take no more, and finish what is in flight."""
        self._server.leave()

    def stopped_within(self, seconds):
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self):
        self.begin_stop()
        assert self.stopped_within(PATIENCE + 10), "the server did not stop"


def rows_of(database, sql, *parameters):
    """What stands in a database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]


UNTOUCHED = object()
"""A field that nobody filled in or emptied: what stood in it at first stands in it still."""


def _state(element, value=UNTOUCHED):
    """One field as Slack sends it. `value`: what was filled in; None: it was emptied."""
    names = {
        "plain_text_input": ("value", "initial_value"),
        "datetimepicker": ("selected_date_time", "initial_date_time"),
        "datepicker": ("selected_date", "initial_date"),
        "users_select": ("selected_user", "initial_user"),
        "timepicker": ("selected_time", "initial_time"),
    }
    kind = element["type"]
    if kind in names:
        name, initial = names[kind]
        return {"type": kind, name: element.get(initial) if value is UNTOUCHED else value}
    if kind in ("checkboxes", "multi_static_select"):
        chosen = (value or "").split(BETWEEN) if value is not UNTOUCHED else None
        options = [option for option in element["options"] if chosen is not None and option["value"] in chosen]
        return {
            "type": kind,
            "selected_options": options if chosen is not None else element.get("initial_options", []),
        }
    if value is UNTOUCHED or value is None:
        return {"type": kind, "selected_option": element.get("initial_option") if value is UNTOUCHED else None}
    option = next(option for option in element["options"] if option["value"] == value)
    return {"type": kind, "selected_option": option}


class Client:
    """People who write to a bot at an address."""

    now = WEDNESDAY_MORNING

    def __init__(self, stand_in, http):
        self.slack = stand_in
        self.http = http
        self._last = None
        self._numbers = itertools.count(1)

    def unique(self, kind):
        return f"{kind}{next(self._numbers):06}{id(self):x}"

    def post(self, body, content_type=JSON, **headers):
        """Send a body with whatever headers."""
        headers = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        return self.http.post("/slack/events", content=body, headers={"Content-Type": content_type, **headers})

    def signed(self, body, content_type=JSON, *, age=0, secret=SECRET, **headers):
        """Send a body as Slack does, `age` seconds after it was signed."""
        self._last = (body, content_type)
        timestamp = str(int(time.time()) - age)
        signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
        stamps = {"X_Slack_Request_Timestamp": timestamp, "X_Slack_Signature": signature}
        return self.post(body, content_type, **stamps, **headers)

    def deliver_again(self):
        """Deliver the last request once more, as Slack does where it heard nothing."""
        return self.signed(*self._last)

    # What people do

    def event_body(self, event, *, event_id=None, team=HOME_TEAM, **more):
        return json.dumps(
            {
                "token": "x",
                "team_id": team,
                "api_app_id": "A0",
                "type": "event_callback",
                "event": event,
                "event_id": event_id or self.unique("Ev"),
                "event_time": int(self.now.timestamp()),
                "authorizations": [{"team_id": team, "user_id": BOT_USER, "is_bot": True}],
                **more,
            }
        )

    def event(self, event, **more):
        response = self.signed(self.event_body(event, **more))
        assert response.status_code == 200, response
        return response

    def message(self, kind, text, user=ASKER, channel=CHANNEL, **more):
        ts = f"{self.now.timestamp():.6f}"
        return {"type": kind, "user": user, "text": text, "ts": ts, "team": HOME_TEAM, "channel": channel} | more

    def mention(self, text, *, user=ASKER, channel=CHANNEL, event_id=None, **more):
        """Mention the bot in a channel; `more` goes into the event."""
        event = self.message("app_mention", f"<@{BOT_USER}> {text}", user, channel, **more)
        return self.event(event, event_id=event_id)

    def direct(self, text, *, user=ASKER, channel=DIRECT, event_id=None, **more):
        """Write to the bot directly."""
        event = self.message("message", text, user, channel, **{"channel_type": "im", **more})
        return self.event(event, event_id=event_id)

    def command(self, text, *, command="/safeguarding", user=ASKER, channel=CHANNEL, team=HOME_TEAM, trigger_id=None):
        """Type a command, and `text` after it."""
        fields = {
            "token": "x",
            "team_id": team,
            "channel_id": channel,
            "user_id": user,
            "command": command,
            "text": text,
            "response_url": self.slack.response_url(channel),
            "trigger_id": trigger_id or self.unique("trigger"),
        }
        response = self.signed(urlencode(fields), FORM)
        assert response.status_code == 200, response
        return response

    def press(self, call, label, *, user=ASKER, team=HOME_TEAM, action_ts=None, **changes):
        """Press a button of a message that the bot sent."""
        private = call.method != "chat.postMessage"
        place = {"channel_id": call.channel, "message_ts": call.ts, "is_ephemeral": private}
        if call.thread:
            place["thread_ts"] = call.thread
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": call.ts, "text": call.text}
        if call.thread:
            message["thread_ts"] = call.thread
        button = call.buttons[label] | {"block_id": "b", "action_ts": action_ts or self.unique("a")} | changes
        return self.interact(
            {
                "type": "block_actions",
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
                "container": {"type": "message", **place},
                "channel": {"id": call.channel, "name": "x"},
                **({} if private else {"message": message}),
                "trigger_id": self.unique("trigger"),
                "response_url": self.slack.response_url(call.channel),
                "actions": [button],
            }
        )

    def open_home(self, *, user=ASKER, tab="home"):
        """Open the app: its Home tab, or that of its messages."""
        return self.event({"type": "app_home_opened", "user": user, "channel": DIRECT, "tab": tab})

    def on_home(self, home, action, *, user=ASKER, team=HOME_TEAM):
        """Use an element of Home as it was published: there is no channel, and no address to answer at."""
        return self.interact(
            {
                "type": "block_actions",
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
                "container": {"type": "view", "view_id": f"V{home.ts}"},
                "view": {"id": f"V{home.ts}", "team_id": team, **home.arguments["view"], "state": {"values": {}}},
                "trigger_id": self.unique("trigger"),
                "actions": [{"block_id": "b", "action_ts": self.unique("a"), **action}],
            }
        )

    def press_home(self, home, label, **more):
        """Press a button of Home, or choose from a menu there."""
        return self.on_home(home, home.buttons[label], **more)

    def press_in(self, view, label, *, user=ASKER, team=HOME_TEAM, view_id="V0OPEN"):
        """Press a button of a form that is open."""
        element = buttons_of(view["blocks"])[label]
        return self.interact(
            {
                "type": "block_actions",
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
                "container": {"type": "view", "view_id": view_id},
                "view": {"id": view_id, **view, "state": {"values": {}}},
                "trigger_id": self.unique("trigger"),
                "actions": [{"block_id": "b", "action_ts": self.unique("a"), **element}],
            }
        )

    def type_home(self, home, text, *, action_ts=None, **more):
        """Type into the box on Home, and press Enter."""
        box = home.box
        action = {"type": "plain_text_input", "action_id": box["element"]["action_id"], "value": text}
        stamp = {"action_ts": action_ts} if action_ts else {}
        return self.on_home(home, {**action, "block_id": box["block_id"], **stamp}, **more)

    def shortcut(self, callback_id="ask_safeguarding", *, user=ASKER, team=HOME_TEAM):
        """Choose a shortcut that is offered anywhere, such as "Ask about safeguarding"."""
        return self.interact(
            {
                "type": "shortcut",
                "callback_id": callback_id,
                "trigger_id": self.unique("trigger"),
                "action_ts": self.unique("a"),
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
            }
        )

    def find_guidance(self, message, **more):
        """Choose "Find guidance" on a message."""
        return self.message_shortcut("find_guidance", message, **more)

    def message_shortcut(self, callback_id, message, *, user=ASKER, channel=CHANNEL, team=HOME_TEAM, trigger_id=None):
        """Choose a shortcut on a message; `message`: its text, or what Slack sends of it."""
        if isinstance(message, str):
            message = {"type": "message", "user": "U0AUTHOR", "ts": "1795602000.000100", "text": message}
        return self.interact(
            {
                "type": "message_action",
                "callback_id": callback_id,
                "trigger_id": trigger_id or self.unique("trigger"),
                "action_ts": self.unique("a"),
                "message_ts": "1795602000.000100",
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
                "channel": {"id": channel, "name": "x"},
                "message": message,
                "response_url": self.slack.response_url(channel),
            }
        )

    def submit(self, opened, filled, *, user=ASKER, team=HOME_TEAM, view_id=None):
        """Send the form that was opened, with what was filled in; the answer to it.

        `opened`: the call that opened it, or the view itself. `filled`: the text, where the form asks for one; else
        for each block its text, choice or time; what is left out stays as it was.
        """
        view = opened if isinstance(opened, dict) else opened.arguments["view"]
        elements = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
        if isinstance(filled, str):
            filled = dict.fromkeys(elements, filled)
        values = {
            name: {field["action_id"]: _state(field, filled.get(name, UNTOUCHED))} for name, field in elements.items()
        }
        return self.interact(
            {
                "type": "view_submission",
                "trigger_id": self.unique("trigger"),
                "user": {"id": user, "username": "x", "team_id": team},
                "team": {"id": team, "domain": "x"},
                "view": {
                    "id": view_id or self.unique("V"),
                    **view,
                    "state": {"values": values},
                },
            }
        )

    def interact(self, payload):
        response = self.signed(urlencode({"payload": json.dumps({"token": "x", **payload})}), FORM)
        assert response.status_code == 200, response
        return response


class OverSocket(Client):
    """People whose requests come over Slack's websocket."""

    def deliver(self, body, content_type=JSON):
        """Send what Slack would send over HTTP; the envelope's id."""
        if content_type == JSON:
            return self.slack.link.send("events_api", json.loads(body))
        fields = dict(parse_qsl(body, keep_blank_values=True))
        if "payload" in fields:
            return self.slack.link.send("interactive", json.loads(fields["payload"]))
        return self.slack.link.send("slash_commands", fields)

    def signed(self, body, content_type=JSON, **_):
        """The same, and wait for the acknowledgement; an answer as over HTTP."""
        self._last = (body, content_type)
        payload = self.slack.link.wait_acknowledged(self.deliver(body, content_type))
        return httpx.Response(200) if payload is None else httpx.Response(200, json=payload)

    def asks(self, text, *, user=ASKER, channel=CHANNEL, event_id=None):
        """Mention the bot, and do not wait for the acknowledgement; the envelope's id."""
        return self.deliver(self.event_body(self.message("app_mention", text, user, channel), event_id=event_id))


class Workspace(Client):
    """One bot in this process, its database, and people who write to it."""

    def __init__(
        self, stand_in, database, guidance=None, *, store=True, library=None, team_ids=(), app_token=None, **more
    ):
        """`more`: managers, private_channels, silent_channels, team_agencies, public_url."""
        quiet_libraries()
        self.now = WEDNESDAY_MORNING
        self.database = database
        if library is None:
            library = Library(database.parent, "nowhere", database.parent, self.clock, database.parent / "no-model")
            library.guidance = guidance
        if store:
            migrate(database)
        self.store = Store(database) if store else None
        self.desk = Desk(library, self.store, self.clock)
        settings = SlackSettings(
            "xoxb-test",
            None if app_token else SECRET,
            stand_in.api_url,
            frozenset(team_ids),
            app_token=app_token,
            private_channels=frozenset(more.get("private_channels", ())),
            silent_channels=frozenset(more.get("silent_channels", ())),
            team_agencies=more.get("team_agencies", {}),
        )
        managers = tuple(more.get("managers", ()))
        officers = tuple(more.get("officers", ()))
        channels = {"channel": more.get("escalations_channel"), "mash_channel": more.get("mash_channel")}
        digests = {"recipients": more.get("recipients")}
        self.records = records_of(self.desk, managers=managers, officers=officers, **channels, **digests)
        people = {"managers": managers, "officers": officers}
        app = make_app(self.desk, "k" * 32, self.records, settings, more.get("public_url"), **people)
        self._running = Running(app)
        super().__init__(stand_in, httpx.Client(base_url=self._running.url, timeout=PATIENCE, trust_env=False))

    def clock(self):
        return self.now

    def settle(self):
        """Wait until whatever was asked is answered and recorded."""
        self._running.settle()
        # Once more for what an answer began beside itself, such as learning the asker's agency.
        self._running.settle()

    def wait_for(self, work):
        """What a coroutine of the bot's returns."""
        return self._running.wait_for(work)

    def begin_stop(self):
        self._running.begin_stop()

    def stopped_within(self, seconds):
        return self._running.stopped_within(seconds)

    def stop(self):
        """Stop as SIGTERM does. Whatever was in flight has ended afterwards; what Slack has got by then is all."""
        self._running.stop()
        self.http.close()

    def tick(self):
        """Do what is due by the bot's clock."""
        self._running.wait_for(self.records.upkeep.tick())

    def until_delivered(self):
        """Wait until nothing is left in the outbox that is due by the bot's clock."""
        due = "SELECT count(*) AS n FROM outbox WHERE delivered IS NULL AND given_up IS NULL AND due <= ?"
        deadline = time.monotonic() + PATIENCE
        while self.rows(due, utc(self.now))[0]["n"]:
            assert time.monotonic() < deadline, self.rows("SELECT * FROM outbox WHERE delivered IS NULL")
            threading.Event().wait(0.01)

    # What was kept

    def rows(self, sql="SELECT * FROM questions ORDER BY at, rowid", *parameters):
        return rows_of(self.database, sql, *parameters)

    def on_disk(self):
        """Every byte of the database, of its -wal, and of what stands beside them."""
        return b"".join(path.read_bytes() for path in sorted(self.database.parent.rglob("*")) if path.is_file())


class Linked(OverSocket, Workspace):
    """A bot in socket mode in this process, and people who write to it."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, app_token="xapp-test", **more)

    def wait_ready(self):
        self.until(lambda: self.http.get("/readyz").status_code == 200)

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline


def said(bot):
    """What people were told in messages, oldest first."""
    return [call for call in bot.slack.taken() if call.method.startswith("chat.") or call.method == "response_url"]


def home_of(bot, **more):
    """Home as it is shown to somebody who opens it."""
    before = len(bot.slack.taken("views.publish"))
    bot.open_home(**more)
    return bot.slack.wait_taken("views.publish", before + 1)[-1]
