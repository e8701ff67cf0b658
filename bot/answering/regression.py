"""Softmax regression in numpy: the one kind of model that is trained here (for the alarm, and for meaning)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def fit(
    features: Floats, classes: Ints, count: int, *, l2: float, iterations: int = 300, rate: float = 0.1
) -> tuple[Floats, Floats]:
    """Weights (features x classes) and biases (classes) that tell `count` classes apart.

    Full-batch Adam: the same input always gives the same result. Each class counts alike, however many rows it has.
    """
    rows = len(features)
    target = np.zeros((rows, count), dtype=np.float32)
    target[np.arange(rows), classes] = 1
    sizes = np.bincount(classes, minlength=count)
    importance = (1 / np.maximum(1, sizes))[classes]
    importance = (importance / importance.mean()).astype(np.float32)[:, None] / rows
    weights = np.zeros((features.shape[1], count), dtype=np.float32)
    biases = np.zeros(count, dtype=np.float32)
    first = [np.zeros_like(weights), np.zeros_like(biases)]
    second = [np.zeros_like(weights), np.zeros_like(biases)]
    for step in range(1, iterations + 1):
        error = (probabilities(features @ weights + biases) - target) * importance
        slopes = (features.T @ error + l2 * weights, error.sum(axis=0))
        for i, (parameter, slope) in enumerate(zip((weights, biases), slopes, strict=True)):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope * slope
            parameter -= rate * (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    return weights, biases


def probabilities(scores: Floats) -> Floats:
    """Softmax over the last axis."""
    raised: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return result
