"""The command line and the wiring: builds the parts and hands them to the handlers."""

from __future__ import annotations

import logging
import sys

import click

from bot.config import WrongSetting
from handlers.command_line.asking import ask, chat
from handlers.command_line.digest import digest
from handlers.command_line.editing import COMMANDS as EDITING
from handlers.command_line.knowledge import kb
from handlers.command_line.measuring import evaluate, identifiers
from handlers.command_line.records import doctor, export
from handlers.command_line.report import report
from handlers.command_line.review_link import review
from handlers.command_line.reviewing import COMMANDS as REVIEWING
from handlers.command_line.shared import Failed, settings_or_fail
from handlers.command_line.switching import switch
from handlers.command_line.tickets import audit, tick, ticket


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Safeguarding guidance bot: answers practitioners from their partnership's own guidance.

    Without a command it starts the server, as `serve` does.
    """
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form)
    if context.invoked_subcommand is None:
        context.invoke(serve)


@main.command()
def serve() -> None:
    """Start what is configured: the page always, Slack when its tokens are set."""
    # Imported here: the other commands need neither a web server nor Slack.
    from handlers.server import run

    settings = settings_or_fail()
    try:
        run(settings)
    except WrongSetting as error:
        raise Failed(str(error)) from None


for command in (*EDITING, *REVIEWING):
    kb.add_command(command)

for command in (
    ask, chat, evaluate, identifiers, kb, ticket, tick, digest, report, export, audit, review, switch, doctor,
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
