"""Trains the alarm's model and writes `weights.tsv`: `make alarm`.

It learns from the lines in `lines/`, and from England's phrases: everyday questions, which must not alarm.
With --check it prints how well each file's lines are told apart by a model trained without that file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from bot.answering import regression
from bot.answering.alarm import THRESHOLD
from bot.answering.alarm.features import features
from bot.answering.alarm.model import WEIGHTS, AlarmModel
from bot.config import ROOT
from bot.knowledge.loading import BASE_LAYER, load

SMALL_TALK = Path(__file__).parents[1] / "small_talk"
LINES = Path(__file__).with_name("lines")
FEWEST = 4
"""A feature seen in fewer lines than this says more about its line than about danger."""
L2 = 3e-4
TELLING = 1.5
"""Log-odds, by the lines alone, from which a phrase is left out: it may itself tell of danger."""


@dataclass(frozen=True)
class Line:
    """One training line."""

    text: str
    alarm: bool


def read_lines(folder: Path = LINES) -> dict[str, list[Line]]:
    """The training lines, by file."""
    return {
        path.stem: [
            Line(item["text"], item["alarm"]) for item in map(json.loads, path.read_text("utf-8").splitlines())
        ]
        for path in sorted(folder.glob("*.jsonl"))
    }


def everyday_questions(by_the_lines: AlarmModel) -> list[Line]:
    """England's phrases, small talk, and what no entry must answer; but for what may tell of danger itself."""
    knowledge, small_talk = load([ROOT / "knowledge" / BASE_LAYER]), load([SMALL_TALK])
    entries = [*knowledge.entries.values(), *small_talk.entries.values()]
    asked = {text for entry in entries for text in (*entry.phrases, *entry.never)}
    return [Line(text, alarm=False) for text in sorted(asked) if by_the_lines.danger(text) < TELLING]


def train(lines: Sequence[Line]) -> AlarmModel:
    """Train on `lines`; the same lines always give the same model."""
    seen = [features(line.text) for line in lines]
    counts = Counter(feature for found in seen for feature in found)
    kept = sorted(feature for feature, n in counts.items() if n >= FEWEST)
    position = {feature: i for i, feature in enumerate(kept)}
    rarity = np.array([np.log(len(lines) / counts[f]) for f in kept], dtype=np.float32)
    matrix = np.zeros((len(lines), len(kept)), dtype=np.float32)
    for row, found in enumerate(seen):
        ids = sorted(position[f] for f in found if f in position)
        values = rarity[ids]
        matrix[row, ids] = values / (np.linalg.norm(values) or 1.0)
    classes = np.array([int(line.alarm) for line in lines], dtype=np.int64)
    weights, biases = regression.fit(matrix, classes, 2, l2=L2)
    # Two classes: only the difference between them counts.
    difference = weights[:, 1] - weights[:, 0]
    return AlarmModel(
        bias=round(float(biases[1] - biases[0]), 4),
        rarity={f: round(float(rarity[i]), 3) for i, f in enumerate(kept)},
        weights={f: round(float(difference[i]), 3) for i, f in enumerate(kept)},
    )


def write(model: AlarmModel, path: Path = WEIGHTS) -> None:
    """Write the model as text, one feature a line."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"bias\t{model.bias}\t{len(model.weights)}\n")
        for feature in sorted(model.weights):
            file.write(f"{feature}\t{model.rarity[feature]}\t{model.weights[feature]}\n")


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="First hold out each file in turn: takes some minutes.")
def main(check: bool) -> None:
    """Train on all lines, and write the weights."""
    files = read_lines()
    questions = everyday_questions(train([line for lines in files.values() for line in lines]))
    if check:
        for held_out in files:
            click.echo(_held_out(held_out, files, questions))
    everything = [line for lines in files.values() for line in lines] + questions
    model = train(everything)
    write(model)
    click.echo(f"{WEIGHTS.name}: {len(model.weights)} features from {len(everything)} lines")


def _held_out(name: str, files: dict[str, list[Line]], questions: list[Line]) -> str:
    model = train([line for other, lines in files.items() if other != name for line in lines] + questions)
    danger = np.array([model.danger(line.text) for line in files[name]])
    alarm = np.array([line.alarm for line in files[name]])
    missed, false = float((danger[alarm] < THRESHOLD).mean()), float((danger[~alarm] >= THRESHOLD).mean())
    return f"{name:24} {len(alarm)} lines, trained without them: missed {missed:.1%}, false {false:.1%}"


if __name__ == "__main__":
    main()
