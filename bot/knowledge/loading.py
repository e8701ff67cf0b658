"""Folders of YAML -> KnowledgeBase, and everything that keeps it from being used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.knowledge.approvals import FOLDER
from bot.knowledge.merging import lacking, merged, rules_lack
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.sources import Sources, read_layer
from bot.knowledge.yaml_source import Fault

BASE_LAYER = "england"


class KnowledgeFault(Exception):
    """The knowledge cannot be used. `faults` says why, with file, line and column."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Loaded:
    """The knowledge, where each part of it stands, and its faults; while there are any, it is partial."""

    knowledge: KnowledgeBase
    sources: Sources
    faults: tuple[Fault, ...]


def layers_of(root: Path, partnership: str) -> list[Path]:
    """The folders that make up a partnership's knowledge: England's, then its own."""
    return [folder for folder in (root / BASE_LAYER, root / partnership) if folder.is_dir()]


def layers_for(folder: Path) -> list[Path]:
    """The layers behind one folder: a partnership's stands on England's; any other stands alone."""
    if (folder / "partnership.yaml").is_file():
        return layers_of(folder.resolve().parent, folder.resolve().name)
    return [folder]


Fingerprint = tuple[tuple[str, int, int, int, int], ...]


def fingerprint(layers: Iterable[Path]) -> Fingerprint:
    """What tells one state of the files from another without reading them: names, times, sizes, and inodes."""
    found = []
    for folder in layers:
        for path in [*folder.glob("*.y*ml"), *folder.glob(f"{FOLDER}/*.yaml")]:
            try:
                stat = path.stat()
            except OSError:  # gone since it was listed
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino))
    return tuple(sorted(found))


def load(layers: Iterable[Path]) -> KnowledgeBase:
    """Load the knowledge.

    Raises: KnowledgeFault with every fault at once.
    """
    loaded = examine(layers)
    if loaded.faults:
        raise KnowledgeFault(loaded.faults)
    return loaded.knowledge


def examine(layers: Iterable[Path]) -> Loaded:
    """Load what can be read, and keep what `checks` needs to say where something stands."""
    sources = Sources()
    for folder in layers:
        read_layer(folder, sources)
    knowledge = merged(sources)
    faults = [
        *sources.faults,
        *_entries_that_cannot_be_shown(sources),
        *_contacts_that_lack(sources),
        *_rules_that_lack(sources),
        *_policy_that_lacks(sources),
        *_feedback_that_lacks(sources),
        *_hours_of_feedback(sources),
    ]
    if not sources.topics and not faults:
        faults.append(Fault("knowledge", 1, 1, "", "no topic file was found"))
    return Loaded(knowledge, sources, tuple(sorted(faults)))


def _entries_that_cannot_be_shown(sources: Sources) -> Iterator[Fault]:
    for full_id, layers in sources.entries.items():
        if not layers[-1].source.omit and all(given.whole for given in layers):
            for name in lacking(layers):
                yield layers[-1].place.fault(f"{full_id} has no {name}", name)


def _contacts_that_lack(sources: Sources) -> Iterator[Fault]:
    if sources.partnership_place is None or sources.contacts_unread:
        return
    for name, place in sources.required.items():
        if name not in sources.contact_ids:
            yield place.fault(f"{name}: this partnership's contacts.yaml lacks it")


def _rules_that_lack(sources: Sources) -> Iterator[Fault]:
    """Rules of a kind of ticket that no layer completes."""
    for name, place in sources.rule_places.items():
        if not place.document.faults:
            for field in rules_lack(sources, name):
                yield place.fault(f"the {name.replace('-', ' ')} has no {field}", field)


def _policy_that_lacks(sources: Sources) -> Iterator[Fault]:
    """A policy, or a lead, that names a stage which there is not."""
    place, policy = sources.rule_places.get("escalation-policy"), sources.rules.get("escalation-policy", {})
    if place is None or place.document.faults:
        return
    stages = {stage.id for stage in policy.get("stages") or ()}
    for i, name in enumerate(policy.get("urgent_stages") or ()):
        if name not in stages:
            given = ("urgent_stages",) in place.document.marks
            advice = "" if given else "; England's list names it: give `urgent_stages` of your own beside `stages`"
            yield place.fault(f"{name}: no such stage{advice}", "urgent_stages", i)
    for position, agency in enumerate(sources.partnership.agencies):
        for number, lead in enumerate(agency.leads):
            for name in lead.stages:
                if name not in stages and sources.partnership_place is not None:
                    yield sources.partnership_place.fault(
                        f"{name}: no such stage in escalation-policy.yaml", "agencies", position, "leads", number
                    )


def _feedback_that_lacks(sources: Sources) -> Iterator[Fault]:
    """Rules for feedback that name an agency which there is not; none is missed where none could be read."""
    place, rules = sources.rule_places.get("mash-feedback"), sources.rules.get("mash-feedback", {})
    agency, listed, partnership = rules.get("answered_by"), sources.partnership_place, sources.partnership
    if place is None or agency is None or listed is None or agency in partnership.agency_by_id:
        return
    if partnership.agencies or "agencies" not in listed.document.data:
        yield place.fault(f"{agency}: no such agency in partnership.yaml", "answered_by")


def _hours_of_feedback(sources: Sources) -> Iterator[Fault]:
    """Times of day that lie outside of the hours in which anything happens."""
    place, rules = sources.rule_places.get("mash-feedback"), sources.rules.get("mash-feedback", {})
    office = rules.get("office")
    for name in ("schools_before", "held_until"):
        given = rules.get(name)
        if place is not None and office is not None and given and not office.begin < given <= office.end:
            yield place.fault(f"{given} is not within the hours of `office`, {office.begin} to {office.end}", name)
