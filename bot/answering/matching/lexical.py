"""Scores entries for a question by words and characters, from inverted indexes: no model, no download.

The score is the sum of three numbers between 0 and about 1, as `docs/decisions/001-matching.md` explains:
BM25 over entries (all phrases of an entry as one document), the cosine with the centroid of an entry's
phrases in word and in character TF-IDF, and the likeness of the best single phrase among the best entries.
Entries are scored, not phrases, and scores are added, not ranks: how good the best is tells when not to answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from bot.answering.matching.words import Terms, Vocabulary

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

K1, B = 1.5, 0.75
WORDS_WEIGHT, CHARACTERS_WEIGHT, PHRASE_WEIGHT = 0.65, 0.5, 0.2
"""Beside BM25's 1; the best of 400 tried on held-out phrases and the developers' questions."""
COMPARED_ENTRIES = 10
"""Only the phrases of this many best entries are compared one by one."""
MAX_TERMS = 400
"""A question's terms beyond these add time, not sense."""


@dataclass(frozen=True)
class Postings:
    """For each term, the documents that hold it and its weight there, one term after the other."""

    terms: Mapping[str, int]
    starts: Ints
    documents: Ints
    weights: Floats

    def sums(self, terms: Ints, factors: Floats, size: int) -> Floats:
        """The weights of `terms`, each times its factor, summed for each of `size` documents."""
        starts = self.starts[terms]
        lengths = self.starts[terms + 1] - starts
        # Where each term's weights stand, for all terms at once: a slice a term would take several times as long, and
        # an index in brackets longer than `take`.
        ends = lengths.cumsum()
        places = (starts - ends + lengths).repeat(lengths)
        places += np.arange(len(places))
        weights = self.weights.take(places) * factors.repeat(lengths)
        return np.bincount(self.documents.take(places), weights=weights, minlength=size).astype(np.float32)


def _postings(columns: Sequence[Mapping[str, float]]) -> Postings:
    """An inverted index from each document's terms and weights."""
    terms: dict[str, int] = {}
    pairs = [(terms.setdefault(t, len(terms)), d, w) for d, column in enumerate(columns) for t, w in column.items()]
    ids = np.fromiter((p[0] for p in pairs), dtype=np.int64, count=len(pairs))
    documents = np.fromiter((p[1] for p in pairs), dtype=np.int64, count=len(pairs))
    weights = np.fromiter((p[2] for p in pairs), dtype=np.float32, count=len(pairs))
    order = np.argsort(ids, kind="stable")
    starts = np.searchsorted(ids[order], np.arange(len(terms) + 1))
    return Postings(terms, starts.astype(np.int64), documents[order], weights[order])


class _Bm25:
    """BM25 with an entry's phrases as one document, divided by what the question could reach at best."""

    def __init__(self, entries: Sequence[Counter[str]]) -> None:
        count = len(entries)
        self._size = count
        lengths = [sum(c.values()) for c in entries]
        average = sum(lengths) / max(1, count) or 1.0
        found_in: Counter[str] = Counter()
        for terms in entries:
            found_in.update(terms.keys())
        self._idf = {t: math.log(1 + (count - n + 0.5) / (n + 0.5)) for t, n in found_in.items()}
        self._unknown = math.log(1 + (count + 0.5) / 0.5)
        self._postings = _postings(
            [
                {t: self._idf[t] * n * (K1 + 1) / (n + K1 * (1 - B + B * length / average)) for t, n in terms.items()}
                for terms, length in zip(entries, lengths, strict=True)
            ]
        )

    def scores(self, terms: Terms) -> Floats:
        words = dict.fromkeys((*terms.words, *terms.added))
        # Words that an abbreviation stands for may help, but their absence must not count against an entry.
        reachable = sum(self._idf.get(word, self._unknown) for word in set(terms.words)) * (K1 + 1)
        ids = np.array([self._postings.terms[w] for w in words if w in self._postings.terms], dtype=np.int64)
        sums = self._postings.sums(ids, np.ones(len(ids), dtype=np.float32), self._size)
        return sums / (10 * math.sqrt(reachable or 1.0))


class _Centroids:
    """The cosine of a question's TF-IDF vector with the centroid of each entry's phrases."""

    def __init__(self, phrases: Sequence[Sequence[str]], owners: Ints, entries: int) -> None:
        """`phrases`: the terms of each phrase; `owners`: the entry of each."""
        self._size = entries
        total = len(phrases)
        self._terms: dict[str, int] = {}
        number = self._terms.setdefault
        ids = np.array([number(term, len(self._terms)) for terms in phrases for term in terms], dtype=np.int64)
        width = max(1, len(self._terms))
        of_phrase = np.repeat(np.arange(total), [len(terms) for terms in phrases])
        # A pair of two numbers as one, so that numpy can count and sum pairs.
        pairs, counts = np.unique(of_phrase * width + ids, return_counts=True)
        phrase, term = np.divmod(pairs, width)
        # The last is that of a term that no phrase holds.
        self._idf = np.log((1 + total) / (1 + np.bincount(term, minlength=width + 1))) + 1
        self._unknown = width
        weights = _of_length_one((1 + np.log(counts)) * self._idf[term], phrase, total)
        pairs, place = np.unique(owners[phrase] * width + term, return_inverse=True)
        entry, term = np.divmod(pairs, width)
        summed = np.bincount(place, weights=weights, minlength=len(pairs)).astype(np.float64)
        weights = _of_length_one(summed, entry, entries)
        order = np.argsort(term, kind="stable")
        starts = np.searchsorted(term[order], np.arange(width + 1)).astype(np.int64)
        self._postings = Postings(self._terms, starts, entry[order], weights[order].astype(np.float32))

    def scores(self, terms: Sequence[str]) -> Floats:
        counted = Counter(terms)
        numbers = np.fromiter(map(self._terms.get, counted, repeat(self._unknown)), np.int64, len(counted))
        counts = np.fromiter(counted.values(), np.float64, len(counted))
        weights = (1 + np.log(counts)) * self._idf[numbers]
        factors = weights / (math.sqrt(weights @ weights) or 1.0)
        known = numbers != self._unknown
        return self._postings.sums(numbers[known], factors[known].astype(np.float32), self._size)


def _of_length_one(weights: NDArray[np.float64], rows: Ints, count: int) -> NDArray[np.float64]:
    """The weights of `count` sparse rows, each row scaled to length 1."""
    lengths = np.sqrt(np.bincount(rows, weights=weights * weights, minlength=count))
    scaled: NDArray[np.float64] = weights / np.maximum(lengths[rows], 1e-12)
    return scaled


class LexicalIndex:
    """The phrases of a knowledge base, indexed. Entries are numbered as in `phrases`."""

    def __init__(self, phrases: Sequence[Sequence[str]], vocabulary: Vocabulary) -> None:
        """`phrases[e]`: the texts of entry `e`, its title among them."""
        self._vocabulary = vocabulary
        self._size = len(phrases)
        terms = [[vocabulary.terms(text) for text in texts] for texts in phrases]
        # In alphabetical order once and for all, so that each comparison is a plain and fast one.
        self._texts = [[" ".join(sorted(t.words)) for t in texts] for texts in terms]
        owners = np.array([e for e, texts in enumerate(phrases) for _ in texts], dtype=np.int64)
        flat = [t for texts in terms for t in texts]
        self._bm25 = _Bm25([Counter(w for t in texts for w in (*t.words, *t.added)) for texts in terms])
        self._words = _Centroids([t.word_terms for t in flat], owners, self._size)
        self._characters = _Centroids([t.characters for t in flat], owners, self._size)

    def scores(self, text: str) -> Floats:
        """A score for each entry, from 0 to about 2; the same question scores the same whatever was asked before."""
        terms = self._vocabulary.terms(text, correct=True)
        words = self._words.scores(terms.word_terms[:MAX_TERMS])
        characters = self._characters.scores(terms.characters[:MAX_TERMS])
        cosine = WORDS_WEIGHT * words + CHARACTERS_WEIGHT * characters
        scores: Floats = (self._bm25.scores(terms) + cosine).astype(np.float32)
        question = " ".join(sorted(terms.words))
        best = np.argpartition(-scores, min(COMPARED_ENTRIES, self._size) - 1)[:COMPARED_ENTRIES]
        for entry in best.tolist():
            scores[entry] += PHRASE_WEIGHT * _likeness(question, self._texts[entry])
        return scores


def _likeness(question: str, phrases: Sequence[str]) -> float:
    """How like the nearest phrase is, from 0 to 1: as a whole, and by the words that the two share."""
    nearest = process.extractOne(question, phrases, scorer=fuzz.ratio)
    if nearest is None:
        return 0.0
    return (float(nearest[1]) + fuzz.token_set_ratio(question, nearest[0])) / 200
