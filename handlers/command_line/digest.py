"""`digest`: looks at a weekly digest before it goes out, or sends it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from bot.config import Settings
from bot.desk import STORAGE_FAILS
from bot.digests import Edition, NotDueYet, edition, last_due, this_week
from bot.knowledge.partnership import Partnership
from bot.ledger import NotSaved
from bot.reporting.digest import Audience
from bot.reporting.periods import NoPeriod, parsed
from bot.tickets import words
from handlers import digest_text, terminal
from handlers.command_line.shared import Failed, at_option, moment, settings_or_fail
from handlers.command_line.tickets import CANNOT_READ, Office, count, no_knowledge, office
from handlers.mail import digest_mail

NOBODY = {
    Audience.MANAGERS: "nobody gets the managers' digest: set DIGEST_CHANNEL or MANAGERS",
    Audience.PRACTITIONERS: "nobody gets the practitioners' digest: set NEWS_CHANNEL",
}


@click.command()
@click.option("--for", "whom", type=click.Choice([one.value for one in Audience]), required=True, help="Whose.")
@click.option(
    "--week",
    "named",
    metavar="WEEK",
    help="As 2026-W46: for managers the week that it tells of, for practitioners the week in which it goes out.",
)
@click.option("--send", is_flag=True, help="Send it to those who get it: the last that is due, each week's once.")
@click.option(
    "--format", "form", type=click.Choice(["text", "eml"]), default="text", help="eml: a file ready to e-mail."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it into this file.")
@at_option
def digest(whom: str, named: str | None, send: bool, form: str, out: Path | None, at: str | None) -> None:
    """Show a weekly digest as it is now, or send it. The server sends each by itself when it is due."""
    if send and (out is not None or form != "text"):
        raise click.UsageError("--send takes neither --format nor --out")
    settings, audience = settings_or_fail(), Audience(whom)
    when = moment(at, settings)
    with office(settings, when if at else None) as here:
        if here.desk.library.knowledge is None:
            raise no_knowledge(here)
        partnership = here.desk.library.knowledge.partnership
        one = _edition(audience, named, when, partnership, send=send)
        try:
            if send:
                click.echo(asyncio.run(_sent(here, settings, one)))
            else:
                _write(asyncio.run(_shown(here, settings, one, form)), out)
        except (NotSaved, *STORAGE_FAILS):
            raise Failed(CANNOT_READ) from None


def _edition(
    audience: Audience, named: str | None, now: datetime, partnership: Partnership, *, send: bool
) -> Edition:
    """The one that is meant: what is shown may still be to come."""
    if named is None:
        return last_due(audience, now, partnership) if send else this_week(audience, now, partnership)
    zone = ZoneInfo(partnership.time_zone)
    try:
        period = parsed(named, now.astimezone(zone).date(), zone)
    except NoPeriod:
        period = None
    if period is None or "-W" not in period.name:
        raise click.BadParameter(f"{named!r} is no week; write it as 2026-W46", param_hint="--week")
    return edition(audience, period)


async def _shown(here: Office, settings: Settings, one: Edition, form: str) -> bytes:
    """The digest as text, or as a mail."""
    digests = here.records.digests
    if form == "eml":
        return digest_mail.message(await digests.made(one, private=False), settings.mail_from)
    made = await digests.made(one, private=digests.recipients.are_private)
    return (terminal.harmless("\n".join(digest_text.lines(made, quoting=True))) + "\n").encode()


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        click.echo(content, nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Failed(f"{out} cannot be written: {error.strerror}") from None


async def _sent(here: Office, settings: Settings, one: Edition) -> str:
    """Queue it, and deliver what waits; what was done, in a line.

    Raises: Failed, NotSaved; what the store raises.
    """
    # Imported here: looking at a digest needs no Slack.
    from handlers.slack.once import deliver_all

    if settings.slack is None:
        raise Failed("Slack is not set, so that nothing can be sent (docs/install.md); --format eml makes a file")
    if not (recipients := here.records.digests.recipients.of(one.audience)):
        raise Failed(NOBODY[one.audience])
    try:
        queued = await here.records.digests.queue(one)
    except NotDueYet as error:
        due = words.moment(error.due, one.sent.zone)
        raise Failed(f"the digest of {one.week.name} goes out on {due}, and cannot be sent before") from None
    sent = await deliver_all(here.desk, here.store, settings.slack, here.records, settings.managers)
    said = f"queued for {count(len(recipients), 'recipient')}" if queued else "was queued before"
    waits = f", {sent.waiting} still waiting" if sent.waiting else ""
    return f"The digest of {one.week.name} {said}; {count(sent.through, 'message')} delivered{waits}"
