"""A local server that stands for Slack's Web API: records every call, holds it to Slack's limits, fails on demand."""

import itertools
import json
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

HOME_TEAM, BOT_USER, BOT_ID = "T0HOME", "U0BOT", "B0BOT"
GETTING_IN = frozenset({"auth.test", "apps.connections.open", "users.info"})
BY_EMAIL = {"ann@council.example": "U0ANN"}
IN_GROUP = {"S0LEADS": ["U0ANN", "U0BEN"], "S0EMPTY": []}
PATIENCE = 15
"""Seconds after which a wait fails; far longer than anything here takes."""

# What Slack takes. https://docs.slack.dev/reference/block-kit/blocks
BLOCKS_OF_MESSAGE, BLOCKS_OF_MODAL = 50, 100
BUTTONS_A_ROW = 5
WHOLE = re.compile(
    r"(?:[^<>&]|(?<=\n)>|\A>|&(?:amp|lt|gt);|<(?:tel:[+\d]+|mailto:[^<>|\s]+|https?://[^<>|\s]+)\|(?:[^<>&]|&(?:amp|lt|gt);)+>)*"
)
"""Text in which nothing is active but links, and no escape or link is cut in two."""


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
        found = {}
        for block in self.blocks or self.arguments.get("view", {}).get("blocks", []):
            for element in block.get("elements", []):
                if element["type"] == "button":
                    found[element["text"]["text"]] = element
                elif element["type"] == "static_select":
                    for option in element["options"]:
                        found[option["text"]["text"]] = {
                            "type": "static_select",
                            "action_id": element["action_id"],
                            "selected_option": option,
                        }
                elif element["type"] == "feedback_buttons":
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
        self.link = None
        """What stands for socket mode, where a test uses it."""
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

    def wait_taken(self, method, count=1):
        """Wait for so many calls of a method that were taken; all of them, oldest first."""
        return self._wait(lambda: self.taken(method), count, method)

    def wait_tried(self, method, count=1):
        """Wait for so many calls of a method, also ones that hang or fail."""
        return self._wait(lambda: self.tried(method), count, method)

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
            address = self.emails.get(call.arguments["user"])
            return {"ok": True, "user": {"profile": {"email": address} if address else {}}}
        return _usual(call)

    @staticmethod
    def _said(method, content):
        if method == "response_url":
            ok = content["ok"]
            return 200 if ok else 404, (("Content-Type", "text/plain"),), b"ok" if ok else content["error"].encode()
        return 200, (("Content-Type", "application/json"),), json.dumps(content).encode()


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
        case "views.open":
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
    if method == "views.open":
        return list(_faults_of_modal(arguments["view"]))
    if method == "views.publish":
        return list(_faults_of_home(arguments["view"]))
    if method == "assistant.threads.setSuggestedPrompts":
        return list(_faults_of_count("prompts", arguments["prompts"], 4))
    if method in ("chat.postMessage", "chat.postEphemeral", "response_url"):
        return list(faults_of_message(arguments.get("text", ""), arguments.get("blocks", [])))
    return []


def faults_of_message(text, blocks):
    """The same for a message's top-level text and its blocks."""
    if not text.strip():
        yield "the top-level text is empty"
    yield from _faults_of_text("top-level text", text, 4000)
    if len(blocks) > BLOCKS_OF_MESSAGE:
        yield f"{len(blocks)} blocks"
    action_ids = []
    for block in blocks:
        yield from _faults_of_block(block)
        action_ids += [element["action_id"] for element in block.get("elements", []) if "action_id" in element]
    if len(action_ids) != len(set(action_ids)):
        yield f"an action_id twice: {action_ids}"


def _faults_of_block(block):
    match block["type"]:
        case "section":
            yield from _faults_of_text("section", block["text"]["text"], 3000)
        case "header":
            yield from _faults_of_plain("header", block["text"], 150)
        case "context":
            yield from _faults_of_count("context", block["elements"], 10)
            for element in block["elements"]:
                yield from _faults_of_text("context", element["text"], 2000)
        case "actions":
            yield from _faults_of_count("actions", block["elements"], BUTTONS_A_ROW)
            for element in block["elements"]:
                yield from _faults_of_element(element)
        case "context_actions":
            yield from _faults_of_count("context_actions", block["elements"], 5)
            for element in block["elements"]:
                for side in (element["positive_button"], element["negative_button"]):
                    yield from _faults_of_plain("feedback button", side["text"], 75)
                    yield from _faults_of_length("value", side["value"], 2000)
                    yield from _faults_of_length("accessibility_label", side["accessibility_label"], 75)
        case other:
            yield f"a block of type {other}"


def _faults_of_element(element):
    yield from _faults_of_length("action_id", element["action_id"], 255)
    match element["type"]:
        case "button":
            yield from _faults_of_plain("button", element["text"], 75)
            yield from _faults_of_length("value", element["value"], 2000)
        case "static_select" | "radio_buttons" as kind:
            if "placeholder" in element:
                yield from _faults_of_plain("placeholder", element["placeholder"], 150)
            yield from _faults_of_count(kind, element["options"], 100 if kind == "static_select" else 10)
            for option in element["options"]:
                yield from _faults_of_plain("option", option["text"], 75)
                yield from _faults_of_length("value", option["value"], 150)
            if "initial_option" in element and element["initial_option"] not in element["options"]:
                yield "initial_option is none of the options"
        case "datetimepicker":
            if not 1_000_000_000 <= element["initial_date_time"] <= 9_999_999_999:
                yield "initial_date_time"
        case "plain_text_input":
            if not 1 <= element["max_length"] <= 3000:
                yield "max_length"
        case other:
            yield f"an element of type {other}"


def _faults_of_home(view):
    if view["type"] != "home":
        yield f"a view of type {view['type']}"
    yield from _faults_of_count("home", view["blocks"], BLOCKS_OF_MODAL)
    yield from _faults_of_inputs(view["blocks"])


def _faults_of_modal(view):
    if view["type"] != "modal":
        yield f"a view of type {view['type']}"
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if has_input is not ("submit" in view):
        yield "a form is sent by its button, and only a form is"
    for name in ("title", "submit", "close") if has_input else ("title", "close"):
        yield from _faults_of_plain(name, view[name], 24)
    if len(view["private_metadata"]) > 3000:
        yield "private_metadata"
    yield from _faults_of_length("callback_id", view["callback_id"], 255)
    yield from _faults_of_count("modal", view["blocks"], BLOCKS_OF_MODAL)
    yield from _faults_of_inputs(view["blocks"])


def _faults_of_inputs(blocks):
    """Of the blocks of a form or of Home."""
    for block in blocks:
        if block["type"] == "alert":  # in forms alone
            yield from _faults_of_plain("alert", block["text"], 200)
            continue
        if block["type"] != "input":
            yield from _faults_of_block(block)
            continue
        yield from _faults_of_length("block_id", block["block_id"], 255)
        yield from _faults_of_plain("label", block["label"], 2000)
        if "hint" in block:
            yield from _faults_of_plain("hint", block["hint"], 2000)
        yield from _faults_of_element(block["element"])


def _faults_of_count(what, listed, most):
    if not 1 <= len(listed) <= most:
        yield f"{len(listed)} elements in {what}"


def _faults_of_length(what, text, most):
    if not 1 <= len(text) <= most:
        yield f"{what}: {len(text)} characters"


def _faults_of_plain(what, text, most):
    if text["type"] != "plain_text":
        yield f"{what} is {text['type']}"
    yield from _faults_of_length(what, text["text"], most)


def _faults_of_text(what, text, most):
    yield from _faults_of_length(what, text, most)
    if not text.strip():
        yield f"{what} is blank"
    whole = WHOLE.match(text).end()
    if whole != len(text):
        yield f"{what} is broken or active at {whole}: {text[max(0, whole - 30) : whole + 30]!r}"
