"""What the commands share: settings, the time to answer for, and one clear line when something fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.config import Settings, WrongSetting, read_settings
from bot.knowledge.loading import KnowledgeFault, layers_of, load
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.yaml_source import Fault


class Failed(click.ClickException):
    """One clear line on standard error, and exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def settings_or_fail() -> Settings:
    """The settings, or one line and exit code 1."""
    try:
        return read_settings()
    except WrongSetting as error:
        raise Failed(str(error)) from None


def moment(text: str | None, settings: Settings) -> datetime:
    """The time to answer for: now, or `--at` where time travel is allowed. Without a zone it is London's."""
    if text is None:
        return datetime.now(UTC)
    if not settings.allow_time_travel:
        raise Failed("--at needs ALLOW_TIME_TRAVEL=1")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time; write it as 2026-11-21T22:30", param_hint="--at") from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("Europe/London"))


def knowledge_or_fail(settings: Settings) -> KnowledgeBase:
    """The partnership's knowledge, or every fault and exit code 1."""
    try:
        return load(layers_of(settings.knowledge_dir, settings.partnership))
    except KnowledgeFault as fault:
        raise Failed(first_of(fault)) from None


def first_of(fault: KnowledgeFault) -> str:
    """The first fault in one line, and how many more there are."""
    return first_of_faults(fault.faults)


def first_of_faults(faults: Sequence[Fault]) -> str:
    """As `first_of`, of faults."""
    more = len(faults) - 1
    return f"{faults[0]}" + (f" (and {more} more: see `kb check`)" if more else "")


at_option = click.option("--at", metavar="TIME", help="Answer as at this time (needs ALLOW_TIME_TRAVEL=1).")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
