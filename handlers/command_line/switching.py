"""`switch off` and `switch on`: the operator's."""

from __future__ import annotations

import asyncio

import click

from bot.privacy import Guard
from bot.switch import Switch, WrongReason, reason_of
from handlers.command_line.asking import new_desk, recording
from handlers.command_line.shared import Failed, settings_or_fail


@click.group()
def switch() -> None:
    """Switch guidance off and on. The emergency card, the contacts and all records go on meanwhile."""


@switch.command("off")
@click.option("--reason", required=True, help="Why, in a few words; everybody who asks is told.")
def off(reason: str) -> None:
    """Stop giving guidance, at once and in every channel, until it is switched on again."""
    settings = settings_or_fail()
    desk = new_desk(settings)
    guidance = desk.library.guidance
    try:
        said = reason_of(reason, guidance.guard if guidance else Guard())
    except WrongReason as error:
        raise click.BadParameter(str(error), param_hint="--reason") from None
    with recording(desk, settings):
        if not asyncio.run(Switch(desk).turn(said, None)):
            raise Failed("the database cannot be written; guidance is still on")
    click.echo(f"Guidance is switched off: {said}")


@switch.command("on")
def on() -> None:
    """Give guidance again."""
    settings = settings_or_fail()
    desk = new_desk(settings)
    with recording(desk, settings):
        if not asyncio.run(Switch(desk).turn(None, None)):
            raise Failed("the database cannot be written; nothing was switched")
    click.echo("Guidance is switched on.")
