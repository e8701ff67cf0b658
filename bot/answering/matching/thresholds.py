"""From which confidence on an entry is the answer, or at least offered; found by a command and written down.

`make thresholds` holds out a fifth of the phrases (does the right entry still win?), then a fifth of the entries (is
silence kept about what is not there?), adds the developers' sets, and writes `thresholds.json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.answering.matching.matcher import Matcher, Ranking
from bot.knowledge.model import Entry

FILE = Path(__file__).with_name("thresholds.json")
FOLDS = 5
MOST_ANSWERED_OUT_OF_SCOPE = 0.05
MOST_SHOWN_OUT_OF_SCOPE = 0.26
"""Both below what is asked of the whole (8 % and 30 %), since other people's questions are not these."""
NEAR_REFUSED, NEAR_NOT_SHOWN = 0.7, 0.5
"""Shares of the phrases of held-out entries, which lie nearer than what people really ask out of scope. On two public
sets 0.7 came within 6 points of the best sum of answers and refusals that any threshold reaches."""


@dataclass(frozen=True)
class Thresholds:
    """Confidences, on the scale of `Ranking.confidence`."""

    answer: float
    show: float
    close: float
    """The best answers alone only when the next one's score is below this share of its own."""
    words_weight: float
    """How much words count beside meaning when entries are put in order."""


@dataclass(frozen=True)
class Trial:
    """A question whose right answers are known; none: out of scope."""

    ranking: Ranking
    right: frozenset[str]


MakeMatcher = Callable[[Sequence[Entry], float], Matcher]
"""Makes a matcher of some entries with a weight of words."""


def shipped(*, meaning: bool) -> Thresholds:
    """The thresholds as written down, for matching with meaning or by words alone."""
    stored = json.loads(FILE.read_text("utf-8"))
    return Thresholds(**stored["meaning" if meaning else "words"])


def write(words: Thresholds, meaning: Thresholds) -> None:
    """Write the thresholds down."""
    content = {"words": dataclasses.asdict(words), "meaning": dataclasses.asdict(meaning)}
    FILE.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def held_out(entries: Sequence[Entry], make: MakeMatcher, words_weight: float) -> list[Trial]:
    """A fifth of the phrases asked of the rest; then the phrases of a fifth of the entries, asked of the others."""
    trials = []
    thinner = [
        dataclasses.replace(e, phrases=tuple(p for i, p in enumerate(e.phrases) if i % FOLDS)) for e in entries
    ]
    matcher = make(thinner, words_weight)
    for entry in entries:
        for i, phrase in enumerate(entry.phrases):
            if i % FOLDS == 0:
                trials.append(Trial(matcher.rank(phrase), frozenset({entry.full_id})))
    others = [entry for i, entry in enumerate(entries) if i % FOLDS]
    matcher = make(others, words_weight)
    for i, entry in enumerate(entries):
        if i % FOLDS == 0:
            trials += [Trial(matcher.rank(phrase), frozenset()) for phrase in entry.phrases[::2]]
    return trials


def accuracy(trials: Sequence[Trial]) -> float:
    """The share of questions in scope whose best candidate is right."""
    asked = [t for t in trials if t.right]
    return sum(t.ranking.best is not None and t.ranking.best.entry_id in t.right for t in asked) / max(1, len(asked))


def choose(trials: Sequence[Trial], far: Sequence[Trial], words_weight: float) -> Thresholds:
    """The thresholds that refuse what is plainly out of scope (`far`), or else most of what was held out."""
    outside = np.array([t.ranking.confidence for t in trials if not t.right])
    answer, show = (float(np.quantile(outside, share)) for share in (NEAR_REFUSED, NEAR_NOT_SHOWN))
    if far:
        confidences = np.array([t.ranking.confidence for t in far])
        answer = float(np.quantile(confidences, 1 - MOST_ANSWERED_OUT_OF_SCOPE))
        show = float(np.quantile(confidences, 1 - MOST_SHOWN_OUT_OF_SCOPE))
    return Thresholds(
        answer=round(answer, 3), show=round(min(show, answer), 3), close=0.97, words_weight=words_weight
    )
