"""The alarm's trained model: a weight for each feature, read from one text file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import mul
from pathlib import Path

from bot.answering.alarm.features import features

WEIGHTS = Path(__file__).with_name("weights.tsv")


class ModelUnusable(Exception):
    """The weights are missing or damaged; the patterns still work."""


@dataclass(frozen=True)
class AlarmModel:
    """Logistic regression. `weights[feature]` already holds the feature's rarity times its weight."""

    bias: float
    rarity: Mapping[str, float]
    weights: Mapping[str, float]

    def danger(self, text: str) -> float:
        """The log-odds that `text` tells of a child in danger now; 0 is even."""
        found = self.weights.keys() & features(text)
        rarity = [*map(self.rarity.__getitem__, found)]
        total = sum(map(mul, rarity, map(self.weights.__getitem__, found)))
        length = sum(map(mul, rarity, rarity))
        return self.bias + (total / math.sqrt(length) if length else 0.0)


def load(path: Path = WEIGHTS) -> AlarmModel:
    """Read the weights: the bias and how many weights there are, then a weight a line.

    Raises: ModelUnusable.
    """
    rarity: dict[str, float] = {}
    weights: dict[str, float] = {}
    try:
        with path.open(encoding="utf-8") as file:
            _, bias_text, count = file.readline().rstrip("\n").split("\t")
            bias = float(bias_text)
            for line in file:
                feature, rare, weight = line.rstrip("\n").split("\t")
                rarity[feature] = float(rare)
                weights[feature] = float(weight)
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"the alarm's weights cannot be read: {type(error).__name__}") from error
    numbers = (bias, *rarity.values(), *weights.values())
    if len(weights) != int(count) or not weights or not all(map(math.isfinite, numbers)):
        raise ModelUnusable("the alarm's weights are damaged")
    return AlarmModel(bias, rarity, weights)
