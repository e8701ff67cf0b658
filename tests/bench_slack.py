"""`make bench`, of Slack: how soon 64 people who ask at once are answered, and how many a second, beside bare Bolt.

The people, Slack, our bot and the bare one each run in a process of their own. Every wait has an end. No two runs are
alike on a machine that does other things too: the ratio of runs in turn travels best.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import signal
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bot.answering.matching.semantic import Encoder, NoModel
from tests.slack_load import ASKERS, COMMAND, MENTION, RUN_SECONDS, Load, Times, bare_bot, our_bot, people, stand_in

EACH, EACH_WITH_MEANING, EACH_BEFORE = 16, 8, 2
"""Questions of one asker in a run, fewer than the bot lets anybody ask in a minute; and in the warm-up before it."""
RUNS = 3
"""Of bare and of ours in turn; their medians are compared."""
ACKNOWLEDGED_MS, REPLIED_MS, SHARE = 150, 1000, 0.8
"""What is wanted: 99th percentiles below, and at least this share of what bare does."""
START_SECONDS, END_SECONDS, LIFE_SECONDS = 60, 10, 240
"""What takes longer has failed. No process lives longer than the last of them, whatever becomes of the others."""

SPAWN = multiprocessing.get_context("spawn")


class Failed(Exception):
    """The bench cannot go on; the message says why."""


def main() -> None:
    """Print the tables; one line and exit code 1 where something fails."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the bench of Slack was told to end"))
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
            Bench(Path(folder), ending).run()
    except Failed as error:
        sys.exit(f"the bench of Slack failed: {error}")


class Bench:
    """The processes, and what is measured with them."""

    def __init__(self, folder: Path, ending: ExitStack) -> None:
        """`ending`: what ends the processes."""
        self._folder, self._ending = folder, ending
        self._numbers = itertools.count(1)
        self._slack = self._listening("the stand-in for Slack", stand_in)
        self._people = self._start("the askers", people, self._slack)

    def run(self) -> None:
        """Measure and print. Raises: Failed."""
        words, meaning = self._bot("by words", partial(our_bot, meaning=False)), self._with_meaning()
        bare = self._bot("bare Bolt, which echoes", bare_bot)
        ours = [words, *([meaning] if meaning else [])]
        self._waits(ours)
        self._rates(bare, ours)
        for bot in (bare, *ours):
            bot.check_rows()
        print("every question stands recorded, once")

    def _waits(self, ours: list[Bot]) -> None:
        print(f"\n{ASKERS} people ask in Slack at once, every other time by /safeguarding")
        print(f"  {'':26}  acknowledged, median     p99   |   replied, median     p99")
        for bot in ours:
            times = self._load(bot, MENTION, COMMAND)
            acknowledged, replied = _milliseconds(times.acknowledged), _milliseconds(times.replied)
            print(f"  {bot.name:26}  {acknowledged[0]:17.0f} ms {acknowledged[1]:5.0f} ms", end="")
            print(f"   |   {replied[0]:12.0f} ms {replied[1]:5.0f} ms")
        print(f"  {'wanted':26}  {'':18} < {ACKNOWLEDGED_MS:4} ms   |   {'':13} < {REPLIED_MS:4} ms")

    def _rates(self, bare: Bot, ours: list[Bot]) -> None:
        print(f"\n  {'mentions answered and recorded a second, in turn':52} median   of bare's")
        rates: dict[Bot, list[float]] = {bot: [] for bot in (bare, *ours)}
        for _ in range(RUNS):
            for bot in (bare, ours[0]):
                rates[bot].append(self._rate(bot))
        for bot in ours[1:]:
            rates[bot].append(self._rate(bot))
        beside = statistics.median(rates[bare])
        for bot, measured in rates.items():
            median, runs = statistics.median(measured), " ".join(f"{rate:6.0f}" for rate in measured)
            print(f"  {bot.name:26} {runs:25} {median:6.0f}   {median / beside:7.0%}")
        print(f"  {'wanted':60} {SHARE:9.0%}")

    def _with_meaning(self) -> Bot | None:
        try:
            Encoder.installed()
        except NoModel as error:
            print(f"with meaning: skipped, {error}")
            return None
        return self._bot("by words and meaning", partial(our_bot, meaning=True), EACH_WITH_MEANING)

    def _start(self, name: str, work: Callable[..., None], *arguments: Any) -> Child:
        child = Child(name, work, *arguments)
        self._ending.callback(child.end)
        return child

    def _listening(self, name: str, work: Callable[..., None], *arguments: Any) -> str:
        """Start what listens on a port of its own; its address."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self._start(name, work, port, *arguments).wait_listening(port)
        return f"http://127.0.0.1:{port}"

    def _bot(self, name: str, work: Callable[..., None], each: int = EACH) -> Bot:
        """A bot that has answered a few questions already."""
        database = self._folder / f"{next(self._numbers)}" / "bench.db"
        database.parent.mkdir()
        bot = Bot(name, self._listening(name, work, database, self._slack), database, EACH_BEFORE)
        self._load(bot, MENTION)
        bot.each = each
        return bot

    def _load(self, bot: Bot, *ways: str) -> Times:
        self._people.tell(Load(next(self._numbers), bot.url, ways, bot.each))
        try:
            times: Times = self._people.hear(RUN_SECONDS + END_SECONDS)
        except Failed as error:
            raise Failed(f"{bot.name}, {error}") from None
        bot.asked += ASKERS * bot.each
        return times

    def _rate(self, bot: Bot) -> float:
        """Questions answered and recorded a second."""
        begun = self._load(bot, MENTION).begun
        return ASKERS * bot.each / (bot.wait_recorded() - begun)


class Bot:
    """A bot under load, and its database."""

    def __init__(self, name: str, url: str, database: Path, each: int) -> None:
        """`each`: how many questions each asker asks of it in one run."""
        self.name, self.url, self.each = name, url, each
        self.asked = 0
        self._database = database

    def wait_recorded(self) -> float:
        """Wait until there is a row for every question asked; the moment. Raises: Failed."""
        until = time.monotonic() + END_SECONDS
        while self._rows() < self.asked:
            if time.monotonic() > until:
                raise Failed(f"{self.name}: {self._rows()} of {self.asked} questions recorded")
            time.sleep(0.005)
        return time.monotonic()

    def check_rows(self) -> None:
        """Raises: Failed, unless there is one row for each question, and none was refused."""
        rows, refused = self._rows(), self._rows("status IN ('busy', 'error')")
        if rows != self.asked or refused:
            raise Failed(f"{self.name}: {self.asked} questions, {rows} rows, {refused} of them refused")

    def _rows(self, which: str = "1") -> int:
        with closing(sqlite3.connect(self._database)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM questions WHERE {which}").fetchone()[0])


class Child:
    """A process of the bench, and the pipe to it."""

    def __init__(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        self._name = name
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_work, args=(work, theirs, *arguments), name=name, daemon=True)
        self._process.start()
        theirs.close()

    def tell(self, what: Any) -> None:
        """Send it something. Raises: Failed."""
        try:
            self._pipe.send(what)
        except OSError:
            raise Failed(f"{self._name} ended early") from None

    def hear(self, seconds: float) -> Any:
        """What it says next. Raises: Failed, also where it says nothing for so long."""
        if not self._pipe.poll(seconds):
            raise Failed(f"nothing from {self._name} within {seconds} s")
        try:
            said = self._pipe.recv()
        except EOFError:
            raise Failed(f"{self._name} ended early") from None
        if isinstance(said, Exception):
            raise Failed(f"{self._name}: {type(said).__name__} {said}")
        return said

    def wait_listening(self, port: int) -> None:
        """Wait until it takes connections. Raises: Failed."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                return
            if self._pipe.poll(0.05):
                self.hear(0)
        raise Failed(f"{self._name} does not listen after {START_SECONDS} s")

    def end(self) -> None:
        """End it, if need be by force."""
        self._process.terminate()
        self._process.join(END_SECONDS)
        self._process.kill()
        self._process.join()


def _work(work: Callable[..., None], pipe: Connection, *arguments: Any) -> None:
    signal.alarm(LIFE_SECONDS)
    logging.disable()  # what fails is told through the pipe, once
    try:
        work(pipe, *arguments)
    except Exception as error:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        pipe.send(error)


def _milliseconds(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    return statistics.median(seconds) * 1000, sorted(seconds)[int(len(seconds) * 0.99)] * 1000


if __name__ == "__main__":
    main()
