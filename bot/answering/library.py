"""The knowledge that is in use now: loaded, indexed, and exchanged whole when a better one is ready."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from bot.answering.guidance import Directory, Guidance, last_good_copy, save_copy
from bot.answering.matching.semantic import Encoder, NoModel
from bot.knowledge.loading import KnowledgeFault, layers_of, load
from bot.knowledge.model import KnowledgeBase

log = logging.getLogger(__name__)


class Library:
    """Serves the current `Guidance`. Without one (a broken folder) there is still a `directory` of contacts."""

    def __init__(
        self,
        knowledge_dir: Path,
        partnership: str,
        data_dir: Path,
        clock: Callable[[], datetime],
        semantic_model: Path | None = None,
    ) -> None:
        self._layers = layers_of(knowledge_dir, partnership)
        self._data_dir = data_dir
        self._clock = clock
        self._semantic_model = semantic_model
        self.guidance: Guidance | None = None
        self.faults: Sequence[str] = ()
        self._copy: Directory | None = None

    def open(self) -> None:
        """Load and index by words. A fault is kept in `faults`, and the last good copy of the contacts serves."""
        try:
            knowledge = load(self._layers)
        except KnowledgeFault as fault:
            self.faults = [str(item) for item in fault.faults]
            log.error("the knowledge cannot be used: %d faults, the first: %s", len(self.faults), self.faults[0])
            self._copy = last_good_copy(self._data_dir)
            return
        self.guidance, self.faults = Guidance.of(knowledge), ()
        save_copy(knowledge, self._data_dir, self._clock().date())

    def add_meaning(self) -> str:
        """Index by meaning too, which takes seconds, and exchange the guidance when it is ready; says how it went."""
        guidance = self.guidance
        if guidance is None:
            return "no knowledge to index"
        try:
            encoder = Encoder.installed(self._semantic_model)
        except NoModel as error:
            return f"matching by words alone: {error}"
        self.guidance = Guidance.of(guidance.knowledge, encoder=encoder, cache=self._data_dir)
        return "matching by words and meaning"

    def add_meaning_in_background(self) -> threading.Thread:
        """As `add_meaning`, while questions are answered by words."""
        thread = threading.Thread(target=lambda: log.info(self.add_meaning()), name="meaning", daemon=True)
        thread.start()
        return thread

    @property
    def knowledge(self) -> KnowledgeBase | None:
        """The knowledge in use."""
        return self.guidance.knowledge if self.guidance else None

    @property
    def directory(self) -> Directory:
        """The services: of the knowledge in use, or as last saved."""
        if self.guidance is not None:
            return self.guidance.directory
        if self._copy is None:
            self._copy = last_good_copy(self._data_dir)
        return self._copy
