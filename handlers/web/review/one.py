"""One of them: a record with its history, a question with the reply as it was given; and the way to find one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answering import messages
from bot.answering.guidance import Directory
from bot.answering.reply import ContactNow
from bot.knowledge.model import Entry, KnowledgeBase
from bot.knowledge.versions import NotReadable, restored
from bot.ledger import NoPolicy, NotFound
from bot.reporting.names import names_of
from bot.storage import question_rows, ticket_rows, versions
from bot.storage.database import Row, Transaction
from bot.storage.question_rows import Which
from bot.storage.versions import Kept
from bot.tickets.ticket import Event, Kind, Side
from bot.tickets.words import AnyWords, moment
from handlers.web.rendering import Refused, typed
from handlers.web.review import listings
from handlers.web.review.listings import Naming
from handlers.web.review.room import UNREADABLE, Room

REFERENCE = re.compile(r"(ESC|MASH)-\d{4}-\d{4,}", re.IGNORECASE)
RECORD = re.compile(r"QR-\d{4}-\d{4,}", re.IGNORECASE)
FOUND_SHOWN = 50
MOST_WORDS = 8


@dataclass(frozen=True)
class Line:
    """One event of a history."""

    at: str
    by: str
    said: str
    parts: tuple[tuple[str, str], ...]
    """What was chosen and typed besides, each with its heading."""


@dataclass(frozen=True)
class Given:
    """An entry as it stood when it was given."""

    entry: Entry
    for_agency: str | None
    contacts: tuple[ContactNow, ...]
    draft: str | None
    since: datetime


class One:
    """Reading one record is an event in it; a question has no history of its own."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.routes = [
            Route("/review/tickets/{reference}", self.ticket),
            Route("/review/questions/{question}", self.question),
            Route("/review/search", self.search, methods=["POST"]),
        ]

    async def ticket(self, request: Request) -> Response:
        """How it stands and what happened, with what was typed. That it was read is recorded first."""
        reference = str(request.path_params["reference"]).upper()
        try:
            looked = await self._room.records.of(reference).look(reference, self._room.viewer(request))
        except NotFound:
            raise self._room.nothing_there() from None
        except NoPolicy:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, UNREADABLE) from None
        speaking: AnyWords = looked.speaking
        reads = [event for event in looked.events if event.kind is Kind.READ]
        return self._room.page(
            request,
            "ticket.html",
            {
                "reference": reference,
                "title": speaking.title,
                "lines": speaking.lines(),
                "history": _history(speaking, looked.events),
                "reads": len(reads),
                "last_read": moment(reads[-1].at, self._room.zone) if reads else None,
            },
        )

    async def question(self, request: Request) -> Response:
        """What was asked, and the entry as it stood in the version that answered."""
        question_id = request.path_params["question"]
        row, kept = await self._room.read(lambda tx: _question(tx, question_id))
        if row is None:
            raise self._room.nothing_there()
        given, unreadable = None, False
        if row["entry"] and kept is not None:
            try:
                given = _given(row, restored(kept.content, kept.version), kept)
            except NotReadable:
                unreadable = True
        knowledge = self._room.knowledge
        columns = listings.questions(Naming(names_of(knowledge), knowledge, self._room.zone))
        facts = [(column.head, column.text(row)) for column in columns if column.head != "Question"]
        return self._room.page(
            request,
            "question.html",
            {
                "row": row,
                "facts": [(head, text) for head, text in facts if text],
                "given": given,
                "unreadable": unreadable,
                "since": moment(given.since, self._room.zone) if given else "",
            },
        )

    async def search(self, request: Request) -> Response:
        """A record by its reference, or questions by words in them. Sent by POST: it stands in no address or log."""
        (text,) = await typed(request, "words")
        text = " ".join(text.split())[:100]
        if REFERENCE.fullmatch(text):
            reference = text.upper()
            if await self._room.read(lambda tx: ticket_rows.exists(tx, reference)):
                return RedirectResponse(f"/review/tickets/{reference}", HTTPStatus.SEE_OTHER)
        found: Sequence[Row] = ()
        total = 0
        wanted = tuple(text.split()[:MOST_WORDS])
        is_reference = bool(REFERENCE.fullmatch(text) or RECORD.fullmatch(text))
        if wanted and not is_reference:
            which = Which(words=wanted)
            found, total = await self._room.read(
                lambda tx: (question_rows.rows(tx, which, FOUND_SHOWN), question_rows.count(tx, which))
            )
        knowledge = self._room.knowledge
        return self._room.page(
            request,
            "search.html",
            {
                "text": text,
                "is_reference": is_reference,
                "rows": found,
                "total": total,
                "columns": listings.questions(Naming(names_of(knowledge), knowledge, self._room.zone)),
            },
        )


def _question(tx: Transaction, question_id: str) -> tuple[Row | None, Kept | None]:
    row = question_rows.one(tx, question_id)
    version = row["knowledge_version"] if row else None
    found = versions.by_id(tx, version) if version else []
    return row, next(iter(found), None)


def _given(row: Row, knowledge: KnowledgeBase, kept: Kept) -> Given | None:
    """The entry as it was given: the line for the asker's agency, and who was open then, are part of it."""
    entry = knowledge.entries.get(row["entry"])
    if entry is None:
        return None
    partnership, at = knowledge.partnership, datetime.fromisoformat(row["at"])
    agency = partnership.agency_by_id.get(row["agency"] or "")
    return Given(
        entry=entry,
        for_agency=entry.for_agency.get(agency.kind) if agency else None,
        contacts=Directory(knowledge.contacts, partnership).in_order(entry.contacts, at),
        draft=messages.draft(partnership.name) if entry.is_draft else None,
        since=kept.since,
    )


def _history(speaking: AnyWords, events: Sequence[Event]) -> list[Line]:
    """Each event, but for reminders and readings, which are many."""
    order = list(speaking.typed_labels)
    lines = []
    for event in events:
        if event.kind in (Kind.REMINDED, Kind.READ, Kind.SNOOZED):
            continue
        typed_parts = sorted(event.typed.items(), key=lambda part: order.index(part[0]) if part[0] in order else 99)
        parts = [
            *speaking.chosen(event),
            *((speaking.typed_labels.get(name, name), text) for name, text in typed_parts),
        ]
        by = "the bot" if event.side is Side.BOT else speaking.side(event.side)
        by += ", recorded at the command line" if event.data.get("operator") else ""
        by += ", as the partnership was told" if event.data.get("on_behalf") else ""
        lines.append(Line(moment(event.at, speaking.zone), by, speaking.in_short(event), tuple(parts)))
    return lines
