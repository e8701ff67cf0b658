"""The knowledge that is in use now: loaded, indexed, and exchanged whole when a saved file made a better one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.answering.guidance import Directory, Guidance, last_good_copy, save_copy
from bot.answering.matching.semantic import Encoder, NoModel
from bot.knowledge.loading import KnowledgeFault, examine, fingerprint, layers_of, load
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Partnership

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""How often the files are looked at. Polling also sees changes on network drives and in mounted folders."""


def _nothing(_: object) -> None:
    """Nobody needs to be told."""


@dataclass(frozen=True)
class Listener:
    """Whom the library tells, on its own thread: what came into use, and the faults that kept a change from it."""

    in_use: Callable[[KnowledgeBase], None] = _nothing
    faults: Callable[[Sequence[str]], None] = _nothing
    """Called once for each broken state, and without any when the files are whole."""


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
        self._stopping = threading.Event()
        self._exchange = threading.Lock()
        self._looked_at = self._settled = fingerprint(self._layers)
        self.listener = Listener()
        self.guidance: Guidance | None = None
        self.faults: Sequence[str] = ()
        """Of the files as they stand, whatever is in use."""
        self._copy: Directory | None = None

    def open(self, kept: Callable[[], KnowledgeBase | None] = lambda: None) -> None:
        """Load and index by words. A fault is kept in `faults`.

        Then the last state that was in use serves where `kept` has one, else the last good copy of the contacts.
        """
        self._looked_at = self._settled = fingerprint(self._layers)
        try:
            self._use(load(self._layers))
        except KnowledgeFault as fault:
            self._refuse(tuple(str(item) for item in fault.faults))
            knowledge = kept() if self.guidance is None else None
            if knowledge is not None and self._is_ours(knowledge):
                log.error("answering from the knowledge as it was last in use, version %s", knowledge.version)
                self.guidance = Guidance.of(knowledge)
            self._copy = last_good_copy(self._data_dir)

    def _is_ours(self, knowledge: KnowledgeBase) -> bool:
        """Whether it was kept for this partnership, as far as that can be read, and not for another one."""
        partnership = examine(self._layers).knowledge.partnership
        return partnership.name in (Partnership().name, knowledge.partnership.name)

    def refresh(self) -> bool:
        """Load anew what was saved since the last look; whether another state came into use.

        All or nothing: with a fault anywhere, what is in use stays. A change counts when two looks in a row see the
        same files, so that a file that is being written is not taken for a broken one.
        """
        seen, self._looked_at = self._looked_at, fingerprint(self._layers)
        if self._looked_at != seen or seen == self._settled:
            return False
        self._settled = seen
        before = self.knowledge
        try:
            knowledge = load(self._layers)
        except KnowledgeFault as fault:
            self._refuse(tuple(str(item) for item in fault.faults))
            return False
        if before is not None and knowledge.version == before.version:
            self._whole()
            return False
        self._use(knowledge)
        return True

    def _use(self, knowledge: KnowledgeBase) -> None:
        ready = Guidance.of(knowledge)
        with self._exchange:
            self.guidance = ready
        self._whole()
        save_copy(knowledge, self._data_dir, self._clock().date())
        self.listener.in_use(knowledge)

    def _whole(self) -> None:
        self.faults = ()
        self.listener.faults(())

    def _refuse(self, faults: Sequence[str]) -> None:
        if faults == self.faults:
            return
        self.faults = faults
        log.error("the knowledge cannot be used: %d faults, the first: %s", len(faults), faults[0])
        self.listener.faults(faults)

    def add_meaning(self) -> str:
        """Index by meaning too, which takes seconds, and exchange the guidance when it is ready; says how it went."""
        guidance = self.guidance
        if guidance is None:
            return "no knowledge to index"
        try:
            encoder = Encoder.installed(self._semantic_model)
        except NoModel as error:
            return f"matching by words alone: {error}"
        ready = Guidance.of(guidance.knowledge, encoder=encoder, cache=self._data_dir)
        with self._exchange:
            if self.guidance is not guidance:
                return "the knowledge changed meanwhile"
            self.guidance = ready
        return "matching by words and meaning"

    def add_meaning_in_background(self) -> threading.Thread:
        """As `add_meaning`, while questions are answered by words."""
        thread = threading.Thread(target=lambda: log.info(self.add_meaning()), name="meaning", daemon=True)
        thread.start()
        return thread

    def watch(self) -> threading.Thread:
        """Take in whatever is saved, until `stop`: by words within two seconds, by meaning when that is ready."""

        def look() -> None:
            while not self._stopping.wait(POLL_SECONDS):
                try:
                    self._look()
                except Exception:
                    # Whatever it is, the next look may go well; what is in use stays in use. No question is in here.
                    log.exception("the knowledge could not be looked at")

        thread = threading.Thread(target=look, name="knowledge", daemon=True)
        thread.start()
        return thread

    def _look(self) -> None:
        try:
            changed = self.refresh()
        except Exception as error:
            # A fault of ours in what was saved: it is shown and told like an editor's, since it is not in use either.
            log.exception("what was saved could not be taken in")
            self._refuse((f"what was saved could not be taken in ({type(error).__name__}); the log says more",))
            return
        if changed:
            log.info("the knowledge changed; version %s is in use", self.version)
            self.add_meaning_in_background()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    @property
    def knowledge(self) -> KnowledgeBase | None:
        """The knowledge in use."""
        return self.guidance.knowledge if self.guidance else None

    @property
    def version(self) -> str | None:
        """Which state of the knowledge is in use."""
        return self.guidance.knowledge.version if self.guidance else None

    @property
    def directory(self) -> Directory:
        """The services: of the knowledge in use, or as last saved."""
        if self.guidance is not None:
            return self.guidance.directory
        if self._copy is None:
            self._copy = last_good_copy(self._data_dir)
        return self._copy
