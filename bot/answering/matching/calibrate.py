"""Finds thresholds from a knowledge base alone, and from developers' questions where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.answering.matching import thresholds
from bot.answering.matching.matcher import Matcher, semantic_index
from bot.answering.matching.semantic import Encoder
from bot.answering.matching.thresholds import Thresholds, Trial
from bot.answering.matching.words import Vocabulary
from bot.knowledge.model import Entry, KnowledgeBase

WORDS_WEIGHTS = (0.3, 0.6, 1.0, 1.5)
"""Tried in turn: bare intents are told apart by meaning, practitioners' stories by words too."""


@dataclass(frozen=True)
class Question:
    """A developers' question; without right answers it is out of scope."""

    text: str
    right: frozenset[str]


class Remembering(Encoder):
    """An encoder that encodes each text once, since holding out asks for the same texts several times."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}

    def encode(self, text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        if text not in self._known:
            self._known[text] = self._encoder.encode(text)
        return self._known[text]


def find(
    knowledge: KnowledgeBase,
    small_talk: Sequence[Entry],
    encoder: Encoder | None,
    questions: Sequence[Question] = (),
) -> Thresholds:
    """Thresholds for `knowledge`, from itself and from `questions` where there are any."""
    remembering = Remembering(encoder) if encoder else None

    def make(entries: Sequence[Entry], words_weight: float) -> Matcher:
        every = [*entries, *small_talk]
        semantic = semantic_index(every, remembering, None) if remembering else None
        return Matcher(every, Vocabulary(knowledge.glossary), semantic, words_weight)

    entries = list(knowledge.entries.values())
    weights = WORDS_WEIGHTS if encoder else (1.0,)
    inside = [question for question in questions if question.right]
    best, best_trials, best_accuracy = weights[0], [], -1.0
    for weight in weights:
        trials = thresholds.held_out(entries, make, weight)
        matcher = make(entries, weight)
        asked = [Trial(matcher.rank(q.text), q.right) for q in inside]
        found = thresholds.accuracy(trials) + (thresholds.accuracy(asked) if asked else 0.0)
        if found > best_accuracy:
            best, best_trials, best_accuracy = weight, trials, found
    matcher = make(entries, best)
    far = [Trial(matcher.rank(q.text), frozenset()) for q in questions if not q.right]
    return thresholds.choose(best_trials, far, best)
