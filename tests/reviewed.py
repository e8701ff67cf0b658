"""A manager at the review pages, for tests: the way in, and what stands on the pages."""

import asyncio
import re
from html import unescape

import httpx
from served import KEY, Parsed, Visitor
from ticketing import records_of

from bot.reviewing import Reviewing, operator
from handlers.server import make_app

COOKIE = "review"


async def sits_here(person):
    """Whoever sits at the machine is a manager."""
    return True


def link_for(desk, person=None):
    """The token of a new link: for the local operator, where nobody else is named."""

    async def made():
        return await Reviewing(desk, sits_here).make_link(person or await operator(desk))

    return asyncio.run(made())


class Manager(Visitor):
    """Somebody at the review pages, who may be signed in; follows no redirect by themselves."""

    def __init__(self, desk, *, secure=False, records=None, address="192.0.2.9", site="http://page.test"):
        super().__init__(desk, address, site)
        self.records = records or records_of(desk, enabled=False)
        self._transport = httpx.ASGITransport(
            make_app(desk, KEY, self.records, None, secure=secure),
            raise_app_exceptions=False,
            client=(address, 50000),
        )

    def enter(self, token):
        return self.post("/review/enter", {"token": token})

    def signed_in(self):
        """The same, signed in."""
        assert self.enter(link_for(self.desk)).status_code == 303
        return self

    @property
    def secret(self):
        return self.cookies.get(COOKIE)

    def page(self, address):
        """A page that is there, parsed. Where the session is over, they sign in anew."""
        response = self.get(address)
        if response.status_code == 303:
            response = self.signed_in().get(address)
        assert response.status_code == 200, (address, response.status_code)
        return Page(response)

    def listed(self, address):
        """How many rows a list says that it has."""
        return self.page(address).listed

    def refusals(self):
        """How often somebody was not let in, by why."""
        rows = self.rows("SELECT why, sum(count) AS count FROM review_refusals GROUP BY why")
        return {row["why"]: row["count"] for row in rows}

    def reads(self, reference=None):
        """How often a record, or any, was read."""
        rows = self.rows("SELECT ticket FROM events WHERE kind = 'read'")
        return sum(reference in (None, row["ticket"]) for row in rows)


class Page(Parsed):
    """A page, its text, and its tables."""

    def __init__(self, response):
        super().__init__(response)
        self.html = response.text
        self.text = " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def listed(self):
        return int(re.search(r"([\d,]+) in all", self.text)[1].replace(",", ""))

    def numbers(self, section):
        """The rows of the first table of a section: the texts of their cells."""
        part = re.search(rf'<section[^>]*id="{section}".*?</section>', self.html, re.DOTALL)[0]
        rows = re.findall(r"<tr>(.*?)</tr>", part.partition("</table>")[0], re.DOTALL)[1:]
        return [
            tuple(" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in _cells(row)) for row in rows
        ]

    @property
    def links(self):
        """Each address that a count leads to, with the count."""
        counts = re.sub(r"<dt>Office hours.*?</dd>", "", self.html)  # a time, which leads to those it is of
        found = re.findall(r'<a href="(/review/[^"]+)">\s*([\d,]+)\s*<', counts)
        return [(unescape(address), int(number.replace(",", ""))) for address, number in found]


def _cells(row):
    return re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
