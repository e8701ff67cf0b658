"""The chat's own answering path, measured question by question. Nothing is stored, and `expect` is never read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from bot.answering.answer import answer, danger
from bot.answering.guidance import Guidance
from bot.answering.reply import SMALL_TALK_TOPIC, Asked


class BadQuery(Exception):
    """A line of the query file cannot be used; the message says which and why."""


def evaluate(lines: Iterable[str], guidance: Guidance, at: datetime) -> Iterator[dict[str, Any]]:
    """One result for each question, in order; one for each turn where a line holds `turns`.

    Raises: BadQuery.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        previous = None
        for text in _texts(line, number):
            result, previous = _one(text, guidance, at, previous)
            yield result


def _texts(line: str, number: int) -> list[str]:
    try:
        query = json.loads(line)
        texts = [turn["text"] for turn in query["turns"]] if "turns" in query else [query["text"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadQuery(f'line {number}: a JSON object with "text" (or "turns": [{{"text"}}]) is needed') from None
    if not all(isinstance(text, str) for text in texts):
        raise BadQuery(f'line {number}: "text" must be a string')
    return texts


def _one(text: str, guidance: Guidance, at: datetime, previous: str | None) -> tuple[dict[str, Any], str | None]:
    begun = time.perf_counter()
    emergency = danger(text)
    reply = answer(Asked(text, at, previous=previous), guidance)
    ms = (time.perf_counter() - begun) * 1000
    # A question that was stopped before matching still gets its candidates and its score here, for measuring.
    ranking = reply.ranking if reply.ranking.candidates else guidance.matcher.rank(text[:4000], previous)
    alternatives = [
        c.entry_id
        for c in ranking.candidates
        if c.entry_id != reply.answer_id and not c.entry_id.startswith(f"{SMALL_TALK_TOPIC}.")
    ]
    result = {
        "text": text,
        "answer_id": reply.answer_id,
        "shown": list(reply.shown),
        "alternatives": alternatives,
        "status": reply.status.value,
        "emergency": emergency,
        "score": round(ranking.confidence, 5),
        "ms": round(ms, 3),
    }
    return result, reply.subject or previous
