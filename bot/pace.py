"""How fast one asker may ask, so that nobody can keep the bot from the others."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

QUESTIONS = 30
PER_SECONDS = 60.0
REMEMBERED = 10_000


class Pace:
    """A bucket of questions for each asker, refilled evenly. In memory: a restart forgives."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def too_fast(self, asker: str, at: datetime) -> bool:
        """Take one question from the asker's bucket; True where it is empty."""
        left = self._left(asker, at)
        refused = left < 1
        self._buckets.pop(asker, None)  # the last that asked stands last
        self._buckets[asker] = (left if refused else left - 1, at)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return refused

    def is_empty(self, asker: str, at: datetime) -> bool:
        """Whether nothing is left in the asker's bucket; takes nothing."""
        return self._left(asker, at) < 1

    def _left(self, asker: str, at: datetime) -> float:
        left, since = self._buckets.get(asker, (float(QUESTIONS), at))
        return min(float(QUESTIONS), left + max(0.0, (at - since).total_seconds()) * QUESTIONS / PER_SECONDS)
