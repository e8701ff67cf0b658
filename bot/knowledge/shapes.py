"""What the shapes of all YAML files are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.knowledge.dates import PartialDate

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
FULL_ID = r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$"

Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=80)]
FullId = Annotated[str, StringConstraints(pattern=FULL_ID, max_length=160)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=12_000)]


class Shape(BaseModel):
    """What an editor writes: unknown keys are refused, and nothing changes once it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(Shape):
    """Where a fact comes from. `date` is the source's own (a day, month or year, or "undated"); an Act has none."""

    title: Line
    date: PartialDate | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
