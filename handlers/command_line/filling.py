"""Fills in a form in the terminal: each field is asked until what is typed can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import click

from bot.desk import Desk, whole_characters
from bot.knowledge.partnership import Agency
from bot.privacy import Guard, mask
from bot.tickets.fields import BETWEEN, Field, FieldKind, InvalidForm, read
from handlers import terminal

Values = dict[str, str | None]


@dataclass(frozen=True)
class Filling:
    """Asks one after the other. Whatever is typed passes the alarm and the privacy guard, as everywhere."""

    desk: Desk
    guard: Guard
    agency: Agency | None

    def fill(self, fields: Iterable[Field], known: Mapping[str, str | None] | None = None) -> Values:
        """What is typed into each field that is not known yet.

        Raises: click.Abort, at an empty line where something is needed.
        """
        values = dict(known or {})
        for field in fields:
            if not values.get(field.name) and field.kind is not FieldKind.PERSON:
                values[field.name] = self.ask(field)
        return values

    def again(self, fields: Iterable[Field], values: Values, refused: InvalidForm) -> Values:
        """Ask once more what was refused, and keep the rest.

        Raises: click.Abort.
        """
        kept = dict(values)
        for field in fields:
            if (problem := refused.problems.get(field.name)) is not None:
                click.echo(problem)
                # What may stay empty may be left out after all; where it was left out, it is what is lacking.
                kept[field.name] = self.ask(replace(field, optional=field.optional and bool(kept.get(field.name))))
        return kept

    def ask(self, field: Field) -> str | None:
        """One field; None where an optional one is left out.

        Raises: click.Abort.
        """
        if field.hint:
            click.echo(f"  ({field.hint})")
        for number, option in enumerate(field.options, 1):
            click.echo(f"  {number}. {option.label}")
        while True:
            value = self._value(field)
            if not value:
                if field.optional:
                    return None
                raise click.Abort
            try:
                read((field,), {field.name: value}, self.guard, self.desk.clock())
            except InvalidForm as refused:
                click.echo(f"{refused.problems[field.name]}{self._hand_back(field, value)}")
            else:
                return value

    def line(self, question: str, usual: str = "") -> str:
        """One line as it is typed, after the alarm has seen it; `usual` for an empty one.

        Raises: click.Abort.
        """
        suffix = " " if question.endswith("?") else ": "
        typed = str(click.prompt(question, default=usual, show_default=bool(usual), prompt_suffix=suffix))
        text = whole_characters(typed).strip()
        card = self.desk.alarm(text, self.agency)
        if card is not None:
            click.echo("\n" + terminal.card(card) + "\n")
        return text

    def pick(self, question: str, count: int, usual: str = "") -> int | None:
        """The number of a choice, beginning with 0; None for an empty line.

        Raises: click.Abort.
        """
        while text := self.line(question, usual):
            if text in map(str, range(1, count + 1)):
                return int(text) - 1
            click.echo(f"Type a number from 1 to {count}.")
        return None

    def pick_several(self, question: str, count: int) -> list[int]:
        """The numbers of one choice or more, beginning with 0; none for an empty line.

        Raises: click.Abort.
        """
        while text := self.line(question):
            numbers = re.split(r"[\s,]+", text.strip(", "))
            if all(number in map(str, range(1, count + 1)) for number in numbers):
                return [int(number) - 1 for number in dict.fromkeys(numbers)]
            click.echo(f"Type numbers from 1 to {count}, such as 1, 2.")
        return []

    def confirm(self, question: str) -> None:
        """Go on only with a plain yes.

        Raises: click.Abort.
        """
        if self.line(f"{question} (y, or an empty line to leave it)").lower() not in ("y", "yes"):
            raise click.Abort

    def today(self) -> str:
        """The partnership's day, such as 2026-11-27."""
        return self._now().date().isoformat()

    def _value(self, field: Field) -> str:
        label = f"{field.label} (may stay empty)" if field.optional else field.label
        match field.kind:
            case FieldKind.CHOICE:
                ids = [option.id for option in field.options]
                usual = str(ids.index(field.initial) + 1) if field.initial in ids else ""
                chosen = self.pick(label, len(ids), usual)
                return "" if chosen is None else ids[chosen]
            case FieldKind.CHOICES:
                ids = [option.id for option in field.options]
                return BETWEEN.join(ids[number] for number in self.pick_several(f"{label} (one or more)", len(ids)))
            case FieldKind.DATE:
                return self.line(label, field.initial or ("" if field.optional else self.today()))
            case FieldKind.MOMENT:
                return self._moment(self.line(label))
            case FieldKind.TIME:
                text = self.line(label)
                return text.zfill(len("14:30")) if ":" in text else text
        return self.line(label, field.initial or "")

    def _now(self) -> datetime:
        return self.desk.clock().astimezone(ZoneInfo(self.desk.library.directory.partnership.time_zone))

    def _moment(self, text: str) -> str:
        """A time of the partnership's clock, such as 14:30 or 2026-11-27 14:30, with its zone; or as typed."""
        now = self._now()
        try:
            at = datetime.combine(now, time.fromisoformat(text)) if len(text) <= 5 else datetime.fromisoformat(text)
        except ValueError:
            return text
        return (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).isoformat()

    def _hand_back(self, field: Field, value: str) -> str:
        """What was typed, to edit; where it identifies somebody, without that too, and whom to ring meanwhile."""
        if field.kind is not FieldKind.TEXT:
            return ""
        back = f"\nYour text, to edit (kept nowhere):\n  > {terminal.wrapped(value, '  > ')}"
        found = self.guard.find(value)
        if not found:
            return back
        ring = terminal.to_ring(self.desk.library.directory.to_ring(self.desk.clock())[:1])
        return f"{back}\nWithout it: {mask(value, found)}\n{ring}"
