"""The real application for tests of the page: in memory, or listening on a port of its own; and its pages, parsed."""

import asyncio
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser

import httpx
import uvicorn
from ticketing import records_of

from bot.answering.library import Library
from bot.config import ROOT
from bot.desk import Desk
from bot.storage.database import Store, migrate
from handlers.server import make_app

FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 11, 20, 23, tzinfo=UTC)
KEY = "k" * 32
NEVER_CLOSED = frozenset({"area", "br", "hr", "img", "input", "link", "meta"})


def desk_of(guidance, folder, at=FRIDAY_NOON):
    """A desk that answers from `guidance`, by words alone, and records in a new database in `folder`."""
    library = Library(ROOT / "knowledge", "barnsley", folder, lambda: at, semantic_model=folder / "no-model")
    library.guidance = guidance
    path = folder / "safeguarding.db"
    migrate(path)
    return Desk(library, Store(path), lambda: at)


class Visitor:
    """Somebody at the page. Keeps cookies as a browser does; a background task has run when an answer is returned."""

    def __init__(self, desk, address="192.0.2.1", site="http://page.test"):
        self.desk, self.site = desk, site
        # A fault of ours is answered, and not raised through the test.
        self._transport = httpx.ASGITransport(
            make_app(desk, KEY, records_of(desk, enabled=False), None),
            raise_app_exceptions=False,
            client=(address, 50000),
        )
        self.cookies = httpx.Cookies()

    def moved_to(self, address):
        """The same page, visited by somebody new at another address."""
        self._transport.client = (address, 50000)
        self.cookies = httpx.Cookies()
        return self

    def send(self, method, path, **request):
        async def sent():
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self.site, cookies=self.cookies
            ) as client:
                response = await client.request(method, path, **request)
                self.cookies = client.cookies
                return response

        return asyncio.run(sent())

    def get(self, path, *, in_place=False):
        return self.send("GET", path, headers=_headers(in_place))

    def post(self, path, fields, *, in_place=False):
        return self.send("POST", path, data=fields, headers=_headers(in_place))

    def ask(self, text, *, in_place=False, **fields):
        return self.post("/", {"text": text, **fields}, in_place=in_place)

    def rows(self, sql):
        """What the database holds."""
        with self.desk.store.reading() as tx:
            return tx.all(sql)


def _headers(in_place):
    return {"HX-Request": "true"} if in_place else {}


@contextmanager
def listening(desk, port=0):
    """Serve on a port of this machine until the block ends; gives the port."""
    listener = socket.create_server(("127.0.0.1", port))
    app = make_app(desk, KEY, records_of(desk, enabled=False), None)
    config = uvicorn.Config(app, ws="none", log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


class Element:
    """An element, with the text in it and in what it holds."""

    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.text = tag, dict(attributes), ""
        self.classes = (self.attributes.get("class") or "").split()

    def __getitem__(self, name):
        return self.attributes[name]

    def __repr__(self):
        return f"<{self.tag} {self.attributes}>{self.text[:60]}"


class Parsed(HTMLParser):
    """A page as a list of its elements. Fails where an element is closed that is not open, or left open."""

    def __init__(self, response):
        super().__init__()
        self.elements = []
        self._open = []
        self.feed(response if isinstance(response, str) else response.text)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs)
        self.elements.append(element)
        if tag not in NEVER_CLOSED:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag

    def handle_data(self, data):
        for element in self._open:
            element.text += data

    def all(self, tag=None, *, of_class=None, **attributes):
        """The elements of a kind, in their order."""
        return [
            element
            for element in self.elements
            if tag in (None, element.tag)
            and (of_class is None or of_class in element.classes)
            and attributes.items() <= element.attributes.items()
        ]

    def one(self, tag=None, **wanted):
        """The only element of a kind."""
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} of {tag} {wanted}"
        return found[0]

    @property
    def status(self):
        """How the question was answered."""
        return self.one("article", of_class="reply").classes[1]
