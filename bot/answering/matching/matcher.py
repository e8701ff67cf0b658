"""Ranks the entries of a knowledge base for a question, and says how sure it is that any of them is meant."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bot.answering.matching.lexical import LexicalIndex
from bot.answering.matching.semantic import DIMENSIONS, MODEL_SHA256, Encoder, SemanticIndex
from bot.answering.matching.words import Vocabulary, tokens
from bot.knowledge.model import Entry, KnowledgeBase

log = logging.getLogger(__name__)
Floats = NDArray[np.float32]

NEVER_WEIGHT = 0.5
"""How much the likeness to a question that no entry answers takes from the confidence; half as much in a thread."""
JOINED_WEIGHT, NEAR_WEIGHT = 0.3, 0.2
"""How much a question that leans on the one before it is drawn to what that was about."""
KEPT = 10
"""Candidates that a ranking holds."""


@dataclass(frozen=True)
class Candidate:
    """An entry, and why it stands where it stands. `score` orders; the other two are its parts."""

    entry_id: str
    score: float
    words: float
    meaning: float | None


@dataclass(frozen=True)
class Ranking:
    """Candidates, best first, and the confidence that the best is meant, comparable between questions."""

    candidates: tuple[Candidate, ...]
    confidence: float

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


NOTHING = Ranking((), 0.0)


class Matcher:
    """The index of one state of the knowledge. Immutable after it is made, so threads may share it."""

    def __init__(
        self, entries: Sequence[Entry], vocabulary: Vocabulary, semantic: SemanticIndex | None, words_weight: float
    ):
        self.semantic = semantic
        self._ids = [entry.full_id for entry in entries]
        self._topics = [entry.topic for entry in entries]
        self._related = {entry.full_id: frozenset(entry.related) for entry in entries}
        self._subjects = {entry.full_id: f"{entry.topic.replace('-', ' ')} {entry.title}" for entry in entries}
        self._exact = _exact(entries)
        self._words_weight = words_weight
        asked = [[entry.title, *entry.phrases] for entry in entries]
        never = [list(entry.never) for entry in entries if entry.never]
        vocabulary.learn(text for texts in (*asked, *never) for text in texts)
        self._count = len(asked)
        self._index = LexicalIndex([*asked, *never], vocabulary) if asked else None

    def rank(self, text: str, after: str | None = None) -> Ranking:
        """Rank the entries for a question; `after`: the entry that the question before it was answered with."""
        if self._index is None:
            return NOTHING
        scores, words, meaning, sureness = self._scores(text)
        if after in self._related and is_elliptical(text):
            # "and out of hours?" is asked of what was just answered: rank it as one question with that subject.
            _, _, _, sureness = self._scores(text, NEVER_WEIGHT / 2)
            joined, _, _, joined_sureness = self._scores(f"{self._subjects[after]} {text}", NEVER_WEIGHT / 2)
            near = NEAR_WEIGHT * np.array([self._nearness(i, after) for i in range(self._count)], dtype=np.float32)
            scores = (scores + JOINED_WEIGHT * joined + near).astype(np.float32)
            sureness = np.maximum(sureness, (sureness + joined_sureness) / 2 + near).astype(np.float32)
        if (exact := self._exact.get(_folded(text))) is not None:
            scores[exact] += 1.0
            sureness[exact] += 1.0
        order = np.argsort(-scores, kind="stable")[:KEPT]
        candidates = tuple(
            Candidate(self._ids[i], float(scores[i]), float(words[i]), None if meaning is None else float(meaning[i]))
            for i in order.tolist()
        )
        return Ranking(candidates, float(sureness[order[0]]))

    def _scores(self, text: str, never_weight: float = NEVER_WEIGHT) -> tuple[Floats, Floats, Floats | None, Floats]:
        """Order, its two parts, and sureness, each for every entry."""
        assert self._index is not None  # noqa: S101 - the caller has made sure
        all_words = self._index.scores(text)
        words = all_words[: self._count].copy()
        never = float(all_words[self._count :].max(initial=0.0))
        sureness = words - never_weight * never
        if self.semantic is None:
            return words.copy(), words, None, sureness
        head, meaning_sureness = self.semantic.scores(text)
        return head + self._words_weight * words, words, head, sureness + meaning_sureness

    def _nearness(self, i: int, after: str) -> float:
        """1 for the entry before and what is related to it, less within its topic."""
        if self._ids[i] == after or self._ids[i] in self._related[after]:
            return 1.0
        return 0.6 if self._topics[i] == after.partition(".")[0] else 0.0


def _exact(entries: Sequence[Entry]) -> dict[str, int]:
    """Phrases that belong to one entry alone: who types one means that entry."""
    owners: dict[str, set[int]] = {}
    for i, entry in enumerate(entries):
        for phrase in (entry.title, *entry.phrases):
            owners.setdefault(_folded(phrase), set()).add(i)
    return {phrase: next(iter(found)) for phrase, found in owners.items() if len(found) == 1 and phrase}


def _folded(text: str) -> str:
    return " ".join(tokens(text))


_LEADING = frozenset("and but so or also then ok okay".split())
_ASKING = frozenset("who what when where why how which".split())
_POINTING = frozenset("that this it they them those these there he she him her one".split())
_LONGEST_ELLIPSIS, _LONGEST_POINTING, _LONGEST_BARE = 9, 6, 2


def is_elliptical(text: str) -> bool:
    """Whether a question leans on the one before it: "and out of hours?", "how long does it take?", "why?"."""
    words = tokens(text)
    if not words or len(words) > _LONGEST_ELLIPSIS:
        return False
    if words[0] in _LEADING or words[:2] in (["what", "about"], ["how", "about"], ["what", "if"]):
        return True
    pointing = not _POINTING.isdisjoint(words) and len(words) <= _LONGEST_POINTING
    return pointing or (words[0] in _ASKING and len(words) <= _LONGEST_BARE)


def semantic_index(entries: Sequence[Entry], encoder: Encoder, cache: Path | None) -> SemanticIndex:
    """The index by meaning. Vectors are kept in the folder `cache`: making them takes most of the time."""
    texts = [text for entry in entries for text in (entry.title, *entry.phrases)]
    owners = [i for i, entry in enumerate(entries) for _ in range(1 + len(entry.phrases))]
    never = list(dict.fromkeys(text for entry in entries for text in entry.never))
    vectors = _encoded([*texts, *never], encoder, cache)
    return SemanticIndex(vectors[: len(texts)], owners, len(entries), vectors[len(texts) :], encoder)


def _encoded(texts: Sequence[str], encoder: Encoder, cache: Path | None) -> Floats:
    if cache is None:
        return encoder.encode_all(texts)
    path = cache / f"phrase-vectors-{MODEL_SHA256[:8]}.npz"
    known = _stored(path)
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts]
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    for key, text in missing.items():
        known[key] = encoder.encode(text)
    if missing:
        wanted = dict.fromkeys(keys)
        cache.mkdir(parents=True, exist_ok=True)
        # Written beside and moved into place: a second process never reads half a file.
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, keys=np.array(list(wanted)), vectors=np.stack([known[key] for key in wanted]))
        partial.replace(path)
    return np.stack([known[key] for key in keys])


def _stored(path: Path) -> dict[str, Floats]:
    """The vectors of a cache file; none where it is missing or damaged, since they can be made again."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            vectors = stored["vectors"]
            if vectors.ndim != 2 or vectors.shape[1] != DIMENSIONS or vectors.dtype != np.float32:
                raise ValueError("not the vectors of this model")
            return dict(zip(stored["keys"].tolist(), vectors, strict=True))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        log.warning("the cache of vectors cannot be used and is made again: %s", type(error).__name__)
        return {}


def make_matcher(
    knowledge: KnowledgeBase, built_in: Sequence[Entry], semantic: SemanticIndex | None, words_weight: float
) -> Matcher:
    """The matcher of a knowledge base and of the built-in small talk."""
    return Matcher([*knowledge.entries.values(), *built_in], Vocabulary(knowledge.glossary), semantic, words_weight)
