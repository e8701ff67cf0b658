"""`make bench`, of the figures: how long all of those take that the overview of the review pages shows.

The rows are made by plain SQL: a year of 10 thousand, 100 thousand and a million questions, with as many tickets and
messages as go with them. Times are of this machine, the best of several, with the file in the system's memory.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import KnowledgeBase
from bot.reporting.figures import EVERY, FOR_MANAGERS, Figures, Scope
from bot.reporting.periods import Period, parsed
from bot.storage import tickets
from bot.storage.database import Store, Transaction, connect, migrate

SIZES = {10_000: 500, 100_000: 5_000, 1_000_000: 50_000}
"""Questions of a year, and its tickets: half escalations, half feedback requests."""
RUNS = 3
LONDON = ZoneInfo("Europe/London")
BEGINS = datetime(2026, 3, 31, 23, tzinfo=UTC)
"""The reporting year's first moment, in London's summer."""
YEAR = timedelta(days=365)
NOW = BEGINS + YEAR + timedelta(hours=9)
PERIODS = ("2027-W10", "2027-01-01 2027-03-31", "2026-04-01 2027-03-31")
"""A week, a quarter, a year."""
JUDGED = 0.2
MESSAGES = 20
"""Of each ticket."""
STATUSES = ("answered", "choose", "no_guidance", "small_talk", "identifiers", "individual_case")
SHARES = (0.7, 0.1, 0.1, 0.04, 0.03, 0.03)
CHANNELS, OF_THEM = ("slack", "web", "terminal"), (0.8, 0.19, 0.01)


def main() -> None:
    """Print the table."""
    knowledge = load(layers_of(ROOT / "knowledge", "barnsley"))
    print("the overview's figures, all but the texts of what was not answered")
    print(
        "  questions  tickets     filled     file |     week   quarter      year | of the year: questions   the rest"
    )
    with tempfile.TemporaryDirectory() as folder:
        for asked, raised in SIZES.items():
            path = Path(folder) / f"{asked}.db"
            begun = time.perf_counter()
            fill(path, knowledge, asked, raised)
            filled = time.perf_counter() - begun
            store = Store(path)
            times = [best(store, knowledge, period_of(text)) for text in PERIODS]
            questions = best(store, knowledge, period_of(PERIODS[-1]), only="questions")
            store.close()
            shown = " ".join(f"{ms:6.0f} ms" for ms in times)
            print(
                f"  {asked:9,} {raised:8,} {filled:8.1f} s {path.stat().st_size / 1e6:5.0f} MB | {shown} | "
                f"{questions:19.0f} ms {times[-1] - questions:7.0f} ms"
            )
            sys.stdout.flush()
            path.unlink()


def period_of(text: str) -> Period:
    """A period as it is written."""
    return parsed(text, date(2027, 4, 1), LONDON)


def best(store: Store, knowledge: KnowledgeBase, period: Period, only: str = "") -> float:
    """How long the overview's figures take at best, in milliseconds. `only`: those whose names begin so."""
    names = [name for name in EVERY if name not in FOR_MANAGERS and name.startswith(only)]
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        with store.reading() as tx:
            figures = Figures(tx, Scope(period), knowledge, NOW)
            for name in names:
                EVERY[name](figures)
        times.append((time.perf_counter() - begun) * 1000)
    return min(times)


def fill(path: Path, knowledge: KnowledgeBase, asked: int, raised: int) -> None:
    """Make a database with a year of rows in it."""
    migrate(path)
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        filling = Filling(connection, knowledge)
        filling.ask(asked)
        filling.escalate(raised // 2)
        filling.request(raised // 2)
        filling.record(raised // 2)
        connection.execute("COMMIT")


class Filling:
    """Makes rows of every kind, by chance and always the same."""

    def __init__(self, connection: sqlite3.Connection, knowledge: KnowledgeBase) -> None:
        self._connection, self._knowledge = connection, knowledge
        self._draw = np.random.default_rng(7)

    def ask(self, count: int) -> None:
        """Questions, of which a few entries answer the most, and verdicts on some of them."""
        popular = 1 / (1 + np.arange(len(self._knowledge.entries)))
        ids, statuses = self._ids(count), self._any(STATUSES, count, SHARES)
        entries = self._any(list(self._knowledge.entries), count, popular / popular.sum())
        judged = self._any((1, 0, None), count, (JUDGED * 0.8, JUDGED * 0.2, 1 - JUDGED))
        moments = self._moments(count)
        self._add(
            "questions",
            id=ids,
            at=moments,
            channel=self._any(CHANNELS, count, OF_THEM),
            agency=self._agencies(count, unknown=3),
            text=(f"what about {entry}" for entry in entries),
            status=statuses,
            emergency=self._any((1, 0), count, (0.02, 0.98)),
            entry=(entry if status == "answered" else None for entry, status in zip(entries, statuses, strict=True)),
            ms=repeat(4.2, count),
            helpful=judged,
        )
        places = [place for place, helpful in enumerate(judged) if helpful is not None]
        self._add(
            "verdicts",
            id=self._ids(len(places)),
            question_id=(ids[place] for place in places),
            at=(moments[place] for place in places),
            helpful=(judged[place] for place in places),
        )

    def escalate(self, count: int) -> None:
        """Escalations, most of them closed, with their stages and messages."""
        policy = self._knowledge.escalation
        assert policy is not None
        stages = [stage.id for stage in policy.stages]
        references, moments = [f"ESC-2026-{number:05d}" for number in range(count)], self._moments(count)
        reached, closed = self._any(range(len(stages)), count), self._any((True, False), count, (0.95, 0.05))
        self._add(
            "tickets",
            reference=references,
            kind=repeat("escalation", count),
            opened_at=moments,
            policy=repeat(tickets.keep_policy(Transaction(self._connection), policy), count),
            raising=self._agencies(count),
            receiving=self._agencies(count),
            reason=self._any([reason.id for reason in policy.reasons], count),
            stage=(stages[place] for place in reached),
            stand=("closed" if over else "told" for over in closed),
            closed_at=(moment if over else None for moment, over in zip(moments, closed, strict=True)),
            closed_as=("outcome-agreed" if over else None for over in closed),
            outcome=self._any([outcome.id for outcome in policy.outcomes], count),
            change=self._any([change.id for change in policy.changes], count),
            acknowledged_minutes=self._any(range(3000), count),
        )
        begun = [(number, stage) for number in range(count) for stage in stages[: reached[number] + 1]]
        self._add(
            "ticket_stages",
            ticket=(references[number] for number, _ in begun),
            stage=(stage for _, stage in begun),
            began=(moments[number] for number, _ in begun),
            ended=(moments[number] for number, _ in begun),
            working_days=self._any(range(9), len(begun)),
            in_time=self._any((0, 1, None), len(begun)),
        )
        self._tell(references, moments)

    def request(self, count: int) -> None:
        """Feedback requests, most of them answered, with their messages."""
        rules = self._knowledge.feedback
        assert rules is not None
        confirmed = rules.model_copy(update={"timescales_confirmed": True})
        references, moments = [f"MASH-2026-{number:05d}" for number in range(count)], self._moments(count)
        told = self._any((True, False), count, (0.9, 0.1))
        self._add(
            "tickets",
            reference=references,
            kind=repeat("feedback", count),
            opened_at=moments,
            policy=repeat(tickets.keep_policy(Transaction(self._connection), confirmed), count),
            raising=self._agencies(count),
            stand=("closed" if over else "asked" for over in told),
            expected_at=self._moments(count),
            answered_at=(moment if over else None for moment, over in zip(moments, told, strict=True)),
            closed_at=(moment if over else None for moment, over in zip(moments, told, strict=True)),
            working_minutes=self._any(range(3000), count),
            how_told=(("phone", "in-person")[number % 2] if over else None for number, over in enumerate(told)),
            satisfied=self._any(("yes", "no", None), count),
        )
        self._tell(references, moments)

    def record(self, count: int) -> None:
        """Calls without an adequate answer."""
        moments = self._moments(count)
        self._add(
            "quick_records",
            reference=(f"QR-2026-{number:05d}" for number in range(count)),
            kind=repeat("no-adequate-answer", count),
            at=moments,
            channel=repeat("slack", count),
            agency=self._agencies(count, unknown=1),
            contact=self._any(list(self._knowledge.contacts), count),
            rang_at=moments,
        )

    def _tell(self, references: list[str], moments: list[str]) -> None:
        """The messages of tickets; one in a thousand does not get through."""
        count = len(references) * MESSAGES
        lost, created = self._any((1, 0), count, (0.001, 0.999)), moments * MESSAGES
        self._add(
            "outbox",
            id=self._ids(count),
            created=created,
            due=created,
            channel=repeat("slack", count),
            recipient=repeat("U0TEAM", count),
            message=repeat("It was raised.", count),
            attempts=lost,
            delivered=(None if failed else at for failed, at in zip(lost, created, strict=True)),
            ticket=references * MESSAGES,
        )

    def _add(self, table: str, **columns: Iterable[object]) -> None:
        names, places = ", ".join(columns), ", ".join("?" * len(columns))
        rows = zip(*columns.values(), strict=True)
        self._connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)

    def _any(
        self, values: Sequence[Any], count: int, shares: Sequence[float] | np.ndarray | None = None
    ) -> list[Any]:
        return [values[place] for place in self._draw.choice(len(values), count, p=shares).tolist()]

    def _agencies(self, count: int, unknown: int = 0) -> list[str | None]:
        """Agencies; `unknown`: for so many more it is not known."""
        return self._any([*(agency.id for agency in self._knowledge.partnership.agencies), *[None] * unknown], count)

    def _ids(self, count: int) -> list[str]:
        """Ids as the bot makes them, which cannot be guessed: they lie all over an index."""
        digits = self._draw.bytes(12 * count).hex()
        return [digits[begin : begin + 24] for begin in range(0, 24 * count, 24)]

    def _moments(self, count: int) -> list[str]:
        """Moments of the year in their order, as the database keeps them."""
        passed = np.sort(self._draw.integers(0, YEAR // timedelta(microseconds=1), count)).astype("timedelta64[us]")
        return [f"{at}Z" for at in np.datetime_as_string(np.datetime64(BEGINS.replace(tzinfo=None), "us") + passed)]


if __name__ == "__main__":
    main()
