"""All review pages behind their door."""

from __future__ import annotations

from bot.records import Records
from bot.reviewing import Reviewing
from handlers.web.rendering import Rendering
from handlers.web.review.door import Door
from handlers.web.review.evidence import Evidence
from handlers.web.review.lists import Lists
from handlers.web.review.one import One
from handlers.web.review.overview import Overview
from handlers.web.review.room import Room


def review(rendering: Rendering, records: Records, reviewing: Reviewing, *, secure: bool) -> Door:
    """The one route to all of them. `secure`: whether a session goes over HTTPS alone."""
    room = Room(rendering, records)
    parts = (Overview(room), Lists(room), One(room), Evidence(room))
    return Door(room, reviewing, [route for part in parts for route in part.routes], secure=secure)
