"""`make bench`: how fast questions are answered and what that takes, beside bm25s and rapidfuzz in the same run.

Phrases beyond today's are made by swapping words between phrases of the knowledge base, so that they are as long and
as varied. Times are of this machine; the ratios travel better.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import bm25s
import psutil
from rapidfuzz import fuzz, process

from bot.answering.answer import answer, danger
from bot.answering.guidance import Guidance
from bot.answering.matching.lexical import LexicalIndex
from bot.answering.matching.semantic import Encoder, NoModel
from bot.answering.matching.words import Vocabulary, tokens
from bot.answering.reply import Asked
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import KnowledgeBase

SIZES = (100, 1_000, 10_000, 20_000, 100_000)
PHRASES_PER_ENTRY = 20
QUESTIONS = 300
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def main() -> None:
    """Print the tables."""
    knowledge = load(layers_of(ROOT / "knowledge", "barnsley"))
    questions = _questions()
    phrases = sum(len(entry.phrases) for entry in knowledge.entries.values())
    print(f"today: {len(knowledge.entries)} entries, {phrases} phrases")
    _whole_answers(knowledge, questions)
    _by_size(knowledge, questions)
    _start()


def _questions() -> list[str]:
    lines = (ROOT / "tests" / "questions" / "dev-inscope.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    return [texts[i % len(texts)] for i in range(QUESTIONS)]


def _timed(work: Callable[[str], object], questions: list[str]) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds, after a warm-up."""
    for question in questions[:20]:
        work(question)
    times = []
    for question in questions:
        begun = time.perf_counter()
        work(question)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times), sorted(times)[int(len(times) * 0.99)]


def _whole_answers(knowledge: KnowledgeBase, questions: list[str]) -> None:
    print("\na question, all steps (alarm, identifiers, matching, reply)      median      p99")
    guidance = Guidance.of(knowledge)
    _line("by words", _timed(lambda q: (danger(q), answer(Asked(q, AT), guidance)), questions))
    try:
        encoder = Encoder.installed()
    except NoModel as error:
        print(f"  with meaning: skipped, {error}")
        return
    meaning = Guidance.of(knowledge, encoder=encoder)
    _line("by words and meaning", _timed(lambda q: (danger(q), answer(Asked(q, AT), meaning)), questions))


def _line(name: str, times: tuple[float, float]) -> None:
    print(f"  {name:58} {times[0]:7.2f} ms {times[1]:7.2f} ms")


def _by_size(knowledge: KnowledgeBase, questions: list[str]) -> None:
    print("\nmatching by words, by size of the knowledge base")
    print("  phrases  ours median      p99    build   memory | bm25s median  ratio | rapidfuzz WRatio median  ratio")
    phrases = [phrase for entry in knowledge.entries.values() for phrase in entry.phrases]
    for size in SIZES:
        made = _made(phrases, size)
        before = psutil.Process().memory_info().rss
        begun = time.perf_counter()
        vocabulary = Vocabulary(knowledge.glossary)
        vocabulary.learn(made)
        grouped = [made[i : i + PHRASES_PER_ENTRY] for i in range(0, size, PHRASES_PER_ENTRY)]
        index = LexicalIndex(grouped, vocabulary)
        built = time.perf_counter() - begun
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        ours = _timed(index.scores, questions)
        retriever = bm25s.BM25()
        retriever.index([tokens(phrase) for phrase in made], show_progress=False)
        theirs = _timed(lambda q, r=retriever: r.retrieve([tokens(q)], k=3, show_progress=False), questions[:100])
        few = questions[:20] if size > 10_000 else questions[:100]
        fuzzy = _timed(lambda q, m=made: process.extract(q, m, scorer=fuzz.WRatio, limit=3), few)
        print(
            f"  {size:7,} {ours[0]:9.2f} ms {ours[1]:6.2f} ms {built:6.1f} s {memory:5.0f} MB | {theirs[0]:9.2f} ms "
            f"{ours[0] / theirs[0]:6.1f} | {fuzzy[0]:20.2f} ms {ours[0] / fuzzy[0]:6.2f}"
        )


def _made(phrases: list[str], size: int) -> list[str]:
    """`size` phrases: the real ones, then ones whose words are exchanged with another's."""
    draw = random.Random(7)
    made = list(dict.fromkeys(phrases))[:size]
    while len(made) < size:
        words, others = draw.choice(phrases).split(), draw.choice(phrases).split()
        for _ in range(max(1, len(words) // 3)):
            words[draw.randrange(len(words))] = draw.choice(others)
        made.append(" ".join(words))
    return made


def _start() -> None:
    print("\nstart and memory, in a process of its own")
    for name, setup in (
        ("by words", "Guidance.of(k)"),
        ("by words and meaning, vectors not yet cached", "Guidance.of(k, encoder=Encoder.installed())"),
    ):
        code = (
            "import time, psutil; t = time.perf_counter()\n"
            "from bot.answering.guidance import Guidance\n"
            "from bot.answering.matching.semantic import Encoder\n"
            "from bot.answering.answer import answer, danger\n"
            "from bot.knowledge.loading import layers_of, load\n"
            "from bot.config import ROOT\n"
            "k = load(layers_of(ROOT / 'knowledge', 'barnsley'))\n"
            f"g = {setup}\n"
            "danger('is this working'); g.guard.find('is this working')\n"
            "print(f'{time.perf_counter() - t:.2f} s, {psutil.Process().memory_info().rss / 1e6:.0f} MB')"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
        said = done.stdout.strip() or f"skipped: {done.stderr.strip().splitlines()[-1]}"
        print(f"  {name:50} {said}")


if __name__ == "__main__":
    main()
