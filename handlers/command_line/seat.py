"""The seat at the terminal: who sits there, what they are asked, and what of it is kept."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

import click

from bot.access import Viewer
from bot.config import Settings
from bot.desk import Desk
from bot.knowledge.partnership import Agency
from bot.ledger import NotSaved
from bot.records import Records
from handlers.command_line.filling import Filling
from handlers.command_line.tickets import kept_records, operator

T = TypeVar("T")


class Seat:
    """Who sits at the terminal acts as the local operator; `agency`: as whom they ask."""

    def __init__(self, desk: Desk, settings: Settings, agency: Agency | None) -> None:
        self.desk = desk
        self.agency = agency
        self._settings = settings

    @cached_property
    def records(self) -> Records:
        """What is kept here.

        Raises: WrongSetting, NotSaved.
        """
        return kept_records(self.desk, self._settings)

    @cached_property
    def filling(self) -> Filling:
        return Filling(self.desk, self.records.escalations.guard, self.agency)

    def viewer(self) -> Viewer:
        """The local operator.

        Raises: NotSaved.
        """
        return of_agency(self.run(operator(self.desk)), self.agency.id if self.agency else None)

    def kept(self, saving: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What comes of saving; tried as often as whoever waits for it wants, and what was typed stays.

        Raises: click.Abort.
        """
        while True:
            try:
                return self.run(saving())
            except NotSaved:
                click.echo("Not saved yet; what you typed is still here.")
                self.filling.confirm("Try again?")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it."""
        with _uninterrupted():
            return asyncio.run(work)


def of_agency(viewer: Viewer, agency_id: str | None) -> Viewer:
    """The same person, asking as somebody of an agency."""
    return replace(viewer, person=replace(viewer.person, agency=agency_id))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until what is being saved is saved: else "Nothing was recorded" could be wrong."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
