"""Does a text tell of a child in danger now? Asked of every text, in every channel, before anything else.

A trained model and a list of patterns judge together. It scans a text of any length, passage by passage, since
the danger often stands in the last sentence of a long story. It would rather ring once too often than stay
silent: the cost of a needless card is a glance, the cost of a missing one is a child.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache

from bot.answering.alarm import patterns
from bot.answering.alarm.model import AlarmModel, ModelUnusable, load

log = logging.getLogger(__name__)

WHOLE = 60
"""Up to this many words a text is judged as a whole; a longer one by passages."""
LONG_SENTENCE, PIECE, STRIDE = 40, 20, 10
"""A sentence of more words than the first is judged in pieces: danger in its last clause must not drown in it."""
THRESHOLD = -0.55
"""Log-odds from which the alarm is raised; `make scores` shows what it costs and finds."""
ONE_WORD = 0.3
"""The same for a single word, which seldom tells anything."""
LIFT = 1.6
"""What the words of danger add."""
DROP = 0.8
"""What the words of policy, training or the past take away."""
PASSAGE = 0.6
"""How much surer it must be of a passage than of a whole text: among many, one may look alarming by chance."""

_SENTENCE = re.compile(r"(?<=[.!?\n])\s+")


@cache
def _model() -> AlarmModel | None:
    try:
        return load()
    except ModelUnusable:
        log.exception("the alarm runs on its patterns alone")
        return None


def raised(text: str) -> bool:
    """Whether `text`, of any length, tells of a child in danger now. Needs no database and no network."""
    return raised_by(text, _model())


def raised_by(text: str, model: AlarmModel | None) -> bool:
    """As `raised`, with a given model; None: the patterns alone."""
    words = len(text.split())
    if words == 0:
        return False
    if words == 1:
        return _reaches(ONE_WORD, text, model)
    if (words <= WHOLE and _reaches(THRESHOLD, text, model)) or patterns.tells_of_danger_aside(text):
        return True
    return any(_reaches(THRESHOLD + PASSAGE, passage, model) for passage in _passages(text))


def _reaches(threshold: float, text: str, model: AlarmModel | None) -> bool:
    """Whether the danger is so great: the model's log-odds, and what the words of danger and of other things change.

    The patterns take longer than the model, and are asked only where they can change what comes of it.
    """
    if model is None:
        return patterns.tells_of_danger(text) and not patterns.is_about_something_else(text)
    danger = model.danger(text)
    if danger + LIFT < threshold:
        return False
    if patterns.is_about_something_else(text):
        return danger - DROP >= threshold
    return danger >= threshold or patterns.tells_of_danger(text)


def _passages(text: str) -> Iterator[str]:
    """Neighbouring sentences of a text, two at a time; a long one in overlapping pieces."""
    pieces: list[str] = []
    for sentence in _SENTENCE.split(text):
        words = sentence.split()
        if len(words) <= LONG_SENTENCE:
            if words:
                pieces.append(" ".join(words))
            continue
        pieces += [" ".join(words[i : i + PIECE]) for i in range(0, len(words) - PIECE + STRIDE, STRIDE)]
    if len(pieces) == 1:
        return
    for i, piece in enumerate(pieces):
        yield piece
        if i and len(piece.split()) <= PIECE:
            yield f"{pieces[i - 1]} {piece}"
