"""`review`: a link to the manager's pages, for whoever sits at the machine."""

from __future__ import annotations

import asyncio

import click

from bot.ledger import NotSaved
from handlers import terminal_review
from handlers.command_line.shared import Failed, settings_or_fail
from handlers.command_line.tickets import CANNOT_READ, office


@click.command()
def review() -> None:
    """Print a link to the manager's pages of the running server: once, for ten minutes, to a terminal only."""
    settings = settings_or_fail()
    if not terminal_review.is_watched():
        raise Failed("the link is a secret, and is printed to a terminal only, never to a file")
    with office(settings) as here:
        try:
            click.echo(asyncio.run(terminal_review.link(here.desk, settings)))
        except NotSaved:
            raise Failed(CANNOT_READ) from None
    click.echo(f"{terminal_review.ONCE}.", err=True)
