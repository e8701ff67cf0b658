"""The weekly digest: what it says, before any channel shows it. It is kept so, and a retry sends the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pydantic import TypeAdapter

from bot.reporting.tables import Unit, Value


class Audience(StrEnum):
    """Whom a digest is for."""

    MANAGERS = "managers"
    PRACTITIONERS = "practitioners"


@dataclass(frozen=True)
class Measure:
    """One figure of the week beside that of the week before."""

    name: str
    now: Value
    before: Value
    unit: Unit = Unit.COUNT
    charted: str = ""
    """What it is called below a bar; empty where it has none."""

    def shown(self, value: Value) -> str:
        """A value as people read it."""
        if value is None:
            return "–"
        if isinstance(value, str) or self.unit is Unit.COUNT:
            return str(value)
        return f"{value:.0%}" if self.unit is Unit.SHARE else f"{value:.1f}"


@dataclass(frozen=True)
class Part:
    """A heading and lines."""

    heading: str
    lines: tuple[str, ...]
    typed: bool = False
    """Whether practitioners' own words are in it: then it is in no channel, no e-mail and no notification."""


@dataclass(frozen=True)
class Digest:
    """One digest. Addresses stand in its lines as they are."""

    audience: Audience
    title: str
    lead: str
    measures: tuple[Measure, ...]
    parts: tuple[Part, ...]
    entry: str | None = None
    """The entry of the week."""

    def as_json(self) -> str:
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Digest:
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Digest]:
    return TypeAdapter(Digest)
