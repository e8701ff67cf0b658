"""A move: what can be done with a ticket, by which side, while it stands how; and what is asked then.

Each kind of ticket has one table of them for all channels: a channel shows the moves that are open to whoever looks,
and the record takes no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from bot.knowledge.policy import Option
from bot.tickets.fields import Field
from bot.tickets.ticket import Kind, Side

W = TypeVar("W", contravariant=True)


@dataclass(frozen=True)
class Move(Generic[W]):
    """One thing that can be done. `label` stands on its button, `asks` are the fields of its form."""

    kind: Kind
    label: str
    sides: frozenset[Side]
    stands: frozenset[StrEnum]
    asks: Callable[[W], tuple[Field, ...]] = lambda words: ()
    explains: str = ""
    """What pressing it means, where that is not plain."""


def option(name: str, label: str) -> Option:
    """One choice of a closed list that belongs to the bot itself."""
    return Option(id=name, label=label)


YES_NO = (option("yes", "Yes"), option("no", "No"), option("not-known", "I do not know"))
HOW_TOLD = (
    option("phone", "By phone"),
    option("in-person", "Face to face, or in a meeting"),
    option("secure-e-mail", "By secure e-mail"),
    option("other", "Another way"),
)


def why(label: str) -> Callable[[object], tuple[Field, ...]]:
    """One field that asks for a reason."""
    return lambda words: (Field("why", label),)
