"""A local server that stands for Slack's Web API: records every call, holds it to Slack's limits, fails on demand."""

import itertools
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from slack_limits import faults_of_message, faults_of_prompts, faults_of_view
from slack_sdk.http_retry import handler as retrying

HOME_TEAM, BOT_USER, BOT_ID = "T0HOME", "U0BOT", "B0BOT"
GETTING_IN = frozenset({"auth.test", "apps.connections.open", "users.info"})
SHOWING = frozenset({"chat.postMessage", "chat.postEphemeral", "response_url", "views.publish"})
"""What people see. (A form is opened because somebody asked for it, and within three seconds.)"""
BY_EMAIL = {"ann@council.example": "U0ANN"}
IN_GROUP = {"S0LEADS": ["U0ANN", "U0BEN"], "S0EMPTY": []}
PATIENCE = 15
"""Seconds after which a wait fails; far longer than anything here takes."""


@dataclass
class Call:
    """One call of a method. `taken`: the stand-in did what was asked."""

    method: str
    arguments: dict
    at: float
    ts: str
    taken: bool = False

    @property
    def text(self):
        return self.arguments["text"]

    @property
    def blocks(self):
        return self.arguments.get("blocks", [])

    @property
    def channel(self):
        """A response address belongs to a channel too."""
        return self.arguments.get("channel") or self.arguments["channel_id"]

    @property
    def box(self):
        """The first field of a form or of Home."""
        return next(block for block in self.arguments["view"]["blocks"] if block["type"] == "input")

    @property
    def thread(self):
        return self.arguments.get("thread_ts")

    @property
    def shown(self):
        """Everything that people read or that a button carries."""
        return json.dumps(self.arguments, ensure_ascii=False)

    @property
    def buttons(self):
        """The label and the element of every button, and of every choice in a menu."""
        return buttons_of(self.blocks or self.arguments.get("view", {}).get("blocks", []))


def buttons_of(blocks):
    """The label and the element of every button, and of every choice in a menu."""
    found = {}
    for block in blocks:
        for element in (*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])):
            match element["type"]:
                case "button":
                    found[element["text"]["text"]] = element
                case "static_select":
                    for option in element["options"]:
                        found[option["text"]["text"]] = {
                            "type": "static_select",
                            "action_id": element["action_id"],
                            "selected_option": option,
                        }
                case "feedback_buttons":
                    for side in ("positive_button", "negative_button"):
                        found[element[side]["text"]["text"]] = {
                            "type": "feedback_buttons",
                            "action_id": element["action_id"],
                            "value": element[side]["value"],
                        }
    return found


@dataclass(frozen=True)
class Refused:
    """Slack's own way to say no: 200 and `ok: false`."""

    error: str


@dataclass(frozen=True)
class Status:
    """An answer of the server or of a proxy before it."""

    code: int
    headers: tuple = ()


def limited(retry_after=0):
    return Status(429, (("Retry-After", str(retry_after)),))


class Hangs:
    """No answer until `release`, and then the usual one."""

    def __init__(self):
        self._released = threading.Event()

    def release(self):
        self._released.set()

    def wait(self):
        self._released.wait(PATIENCE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


class StandIn:
    """Slack, on port 0 of this machine."""

    def __init__(self):
        self.calls = []
        self.faults = []
        """What broke Slack's limits. The fixture fails the test when there is anything."""
        self.down = False
        """While it is, every connection is closed without an answer."""
        self.emails = {}
        """Of people by their ids: what users.info tells; of anybody else it tells nothing."""
        self.guests = set()
        """People of other organisations, by their ids."""
        self.closed = set()
        """People whose accounts were closed: Slack takes messages to them all the same."""
        self.link = None
        """What stands for socket mode, where a test uses it."""
        self._takes = threading.Event()
        self._takes.set()
        self.connections = 0
        """How many the bot has made."""
        self._arrived = threading.Condition()
        self._planned = {}
        self._hanging = []
        self._numbers = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="slack")
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.api_url = f"{self.root}/api/"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for hanging in self._hanging:
            hanging.release()
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    # What a test plans and sees

    def response_url(self, channel):
        """A fresh response address, as a command or a button brings one."""
        return f"{self.root}/response/{channel}/{next(self._numbers)}"

    def plan(self, method, *answers):
        """Give these answers to the next calls of a method, one each; then the usual one again."""
        self._hanging += [answer for answer in answers if isinstance(answer, Hangs)]
        with self._arrived:
            self._planned.setdefault(method, []).extend(answers)

    @contextmanager
    def holding(self):
        """Within this nothing is taken that people would see, as when Slack is slow: what must be in time goes on."""
        self._takes.clear()
        try:
            yield
        finally:
            self._takes.set()

    def taken(self, method=None):
        """The calls that Slack did what they asked for, without those by which the bot gets in."""
        with self._arrived:
            return [
                call
                for call in self.calls
                if call.taken and (call.method == method if method else call.method not in GETTING_IN)
            ]

    def tried(self, method):
        """The calls of a method, whatever was answered."""
        with self._arrived:
            return [call for call in self.calls if call.method == method]

    def shown(self, since=0):
        """The calls by which people see something, whatever was answered, after the first `since` calls of all."""
        with self._arrived:
            return [call for call in self.calls[since:] if call.method in SHOWING]

    def wait_taken(self, method, count=1):
        """Wait for so many calls of a method that were taken; all of them, oldest first."""
        return self._wait(lambda: self.taken(method), count, method)

    def wait_tried(self, method, count=1):
        """Wait for so many calls of a method, also ones that hang or fail."""
        return self._wait(lambda: self.tried(method), count, method)

    def wait_shown(self, since):
        """Wait for the first of them."""
        return self._wait(lambda: self.shown(since), 1, "call that shows something")

    def _wait(self, find, count, what):
        with self._arrived:
            in_time = self._arrived.wait_for(lambda: len(find()) >= count, PATIENCE)
            found = find()
        assert in_time, f"{len(found)} of {count} {what} in {PATIENCE} s; there are {[c.method for c in self.calls]}"
        return found

    # What the bot meets

    def receive(self, path, content_type, body):
        """The answer to one request: status, headers, content; None: hang up."""
        method, arguments = _read(path, content_type, body)
        with self._arrived:
            if self.down:
                return None
            call = Call(method, arguments, time.monotonic(), f"{1_800_000_000 + next(self._numbers)}.000100")
            self.calls.append(call)
            planned = self._planned.get(method) or [None]
            answer = planned.pop(0)
            self._arrived.notify_all()
        if method in SHOWING:
            self._takes.wait(PATIENCE)
        if isinstance(answer, Hangs):
            answer.wait()
        if isinstance(answer, Status):
            return answer.code, answer.headers, b"<html>not now</html>"
        if isinstance(answer, Refused):
            return self._said(method, {"ok": False, "error": answer.error})
        faults = faults_of(method, arguments)
        with self._arrived:
            self.faults += faults
            call.taken = not faults
            self._arrived.notify_all()
        return self._said(method, {"ok": False, "error": "invalid_blocks"} if faults else self._usual(call))

    def _usual(self, call):
        if call.method == "apps.connections.open" and self.link is not None:
            return {"ok": True, "url": self.link.address()}
        if call.method == "users.info":
            user = call.arguments["user"]
            profile = {"email": self.emails[user]} if user in self.emails else {}
            told = {"is_restricted": user in self.guests, "deleted": user in self.closed}
            return {"ok": True, "user": {"profile": profile, **told}}
        return _usual(call)

    @staticmethod
    def _said(method, content):
        if method == "response_url":
            ok = content["ok"]
            return 200 if ok else 404, (("Content-Type", "text/plain"),), b"ok" if ok else content["error"].encode()
        return 200, (("Content-Type", "application/json"),), json.dumps(content).encode()


@contextmanager
def standing_in():
    """Slack while it runs. What breaks its limits fails the test at the end."""
    with pytest.MonkeyPatch.context() as patch, StandIn() as running:
        # Retries wait for milliseconds. (What a Retry-After asks for is waited for in full.)
        patch.setattr(retrying.default_interval_calculator, "backoff_factor", 0.01)
        patch.setattr(retrying.default_interval_calculator.jitter, "recalculate", lambda seconds: seconds)
        yield running
    assert running.faults == [], running.faults


def _read(path, content_type, body):
    if content_type.startswith("application/json"):
        arguments = json.loads(body or b"{}")
    else:
        arguments = dict(parse_qsl(body.decode() or urlsplit(path).query))
    for name in ("blocks", "view"):
        if isinstance(arguments.get(name), str):
            arguments[name] = json.loads(arguments[name])
    _, first, *rest = urlsplit(path).path.split("/")
    if first == "response":
        return "response_url", {**arguments, "channel": rest[0]}
    return rest[0], arguments


def _usual(call):
    match call.method:
        case "auth.test":
            return {"ok": True, "team_id": HOME_TEAM, "user_id": BOT_USER, "bot_id": BOT_ID, "team": "x", "user": "x"}
        case "chat.postMessage" | "chat.postEphemeral":
            return {"ok": True, "channel": call.channel, "ts": call.ts, "message_ts": call.ts}
        case "chat.update":
            return {"ok": True, "channel": call.channel, "ts": call.arguments["ts"], "text": call.text}
        case "chat.getPermalink":
            stamp = call.arguments["message_ts"].replace(".", "")
            return {"ok": True, "permalink": f"https://x.slack.example/archives/{call.channel}/p{stamp}"}
        case "views.open" | "views.push":
            return {"ok": True, "view": {"id": f"V{call.ts}", **call.arguments["view"]}}
        case "response_url" | "assistant.threads.setSuggestedPrompts":
            return {"ok": True}
        case "views.publish":
            return {"ok": True, "view": {"id": f"V{call.ts}", **call.arguments["view"]}}
        case "users.lookupByEmail" if (user := BY_EMAIL.get(call.arguments["email"])) is not None:
            return {"ok": True, "user": {"id": user}}
        case "users.lookupByEmail":
            return {"ok": False, "error": "users_not_found"}
        case "usergroups.users.list" if (users := IN_GROUP.get(call.arguments["usergroup"])) is not None:
            return {"ok": True, "users": users}
        case "usergroups.users.list":
            return {"ok": False, "error": "no_such_subteam"}
    return {"ok": False, "error": "unknown_method"}


def _handler_of(slack):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open, as Slack's do
        disable_nagle_algorithm = True

        def setup(self):
            slack.connections += 1
            super().setup()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = slack.receive(self.path, self.headers.get("Content-Type", ""), body)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_):
            """Tests read the calls, not a log."""

    return Handler


# Slack's limits


def faults_of(method, arguments):
    """What Slack would refuse in a call's message or form, and what it would show broken or active."""
    match method:
        case "views.open" | "views.publish":
            return faults_of_view(arguments["view"])
        case "assistant.threads.setSuggestedPrompts":
            return faults_of_prompts(arguments["prompts"])
        case "chat.postMessage" | "chat.postEphemeral" | "response_url":
            return faults_of_message(arguments)
    return []
