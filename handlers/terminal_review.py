"""A link to the review pages for whoever sits at the machine: printed to a terminal, and never to a file or a log."""

from __future__ import annotations

import sys

from bot.access import Person
from bot.config import Settings
from bot.desk import Desk
from bot.reviewing import TERMINAL, Reviewing, operator

ONCE = "It works once, and for ten minutes"


def is_watched() -> bool:
    """Whether what is printed goes to a terminal."""
    return sys.stdout.isatty()


async def link(desk: Desk, settings: Settings) -> str:
    """A link for the local operator.

    Raises: NotSaved.
    """
    token = await Reviewing(desk, _sits_here).make_link(await operator(desk))
    host = settings.host if settings.on_loopback else "127.0.0.1"
    return f"{settings.public_url or f'http://{host}:{settings.port}'}/review/enter?token={token}"


async def _sits_here(person: Person) -> bool:
    return person.channel == TERMINAL
