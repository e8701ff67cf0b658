"""Small numbers: what may be printed of counts, so that no count of 1 to 4 can be worked out from all of it.

Counts that hang together stand in a ring of cuts: each cut counts the same records by some of their properties, and
neighbours share properties, as "by agency", "by agency and topic", "by topic". Between two cuts stands one node for
each value of what they share, and a cell leads from a node on its left to one on its right. What comes to a node goes
on from it: that is all that sums tell, so that a reader who adds and subtracts whatever is printed knows of a cell
what flows through this network may be, within what is printed. Such flows are whole numbers, and for each of them
there are records with those counts. See docs/decisions/010-small-numbers.md.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count as counting

from bot.reporting.tables import Value

FEWEST = 5
"""The smallest count that is printed."""
LARGEST_HIDDEN = FEWEST - 1
ROOM = 2 * LARGEST_HIDDEN
"""Two counts may be thought larger or smaller by so much together, when one that is hidden is guessed at."""

Key = tuple[str, ...]
By = tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """What is printed in place of a count: all that a reader is told of it."""

    least: int
    most: int | None

    @property
    def value(self) -> Value:
        """For the cell of a table; None where it is left out, or where there can be none."""
        if self.is_exact:
            return self.least or None
        return {FEW: HIDDEN, SOME: HIDDEN, MANY: f"{FEWEST}+"}.get(self)

    @property
    def is_exact(self) -> bool:
        return self.least == self.most


HIDDEN = f"<{FEWEST}"
FEW = Shown(0, LARGEST_HIDDEN)
"""None to four. A nought shows so too: it is what a count of 1 to 4 hides among."""
SOME = Shown(1, LARGEST_HIDDEN)
"""The same of what is listed only where there is one."""
NEVER = Shown(0, 0)
MANY = Shown(FEWEST, None)
"""Five or more, hidden so that another cell cannot be worked out."""
LEFT_OUT = Shown(0, None)


def alone(count: int) -> Shown:
    """A count that hangs together with no other."""
    return Shown(count, count) if count >= FEWEST else FEW


@dataclass(frozen=True)
class Cut:
    """All records of a ring, counted by some of their properties."""

    by: By
    counts: Mapping[Key, int]
    """Also of values that there were none of: that one is listed tells nothing, unless it is among `certain`."""
    certain: frozenset[Key] = frozenset()
    """Cells that are listed only where there is one, such as those of an agency that is not known."""
    never: frozenset[Key] = frozenset()
    """Cells that everybody knows to be nought, such as an agency that would escalate to itself."""
    unprinted: frozenset[Key] = frozenset()
    """Cells that are printed nowhere, since they repeat another cut's."""
    before: Mapping[Key, Shown] | None = None
    """How an earlier report has printed it, of which nothing can be taken back; None: it is printed now."""


Ring = Sequence[Cut]
"""Cuts, the first of them the total, `()`. Cuts that share a property stand beside each other, without a gap."""


def printed(ring: Ring) -> dict[By, dict[Key, Shown]]:
    """What is printed of each cut: the count, or in its place FEW, SOME, MANY or nothing.

    Whichever of 1 to 4 a cell that shows HIDDEN is thought to be, there are records that fit all that is printed.
    Raises: ValueError where the cuts do not count the same records.
    """
    left_out: set[By] = set()
    while not (network := _Network(ring, left_out)).protect():
        candidates = [cut for cut in ring if cut.before is None and cut.by not in left_out]
        if not candidates:
            break  # nothing is printed now, and what was printed before was safe by itself
        left_out.add(max(candidates, key=lambda cut: (len(cut.counts), len(cut.by))).by)
    return network.printed()


def of_a_part(counts: Mapping[str, int], outside: int) -> dict[str, Shown]:
    """What is printed of counts over a part of the records, where nothing is printed of those `outside` of it.

    Whatever a cell is thought to be, those outside make up for it. Where they are too few, several cells are left
    out, and a single one is not told exactly.
    """
    if outside >= ROOM:
        return {name: alone(count) for name, count in counts.items()}
    if len(counts) > 1:
        return dict.fromkeys(counts, LEFT_OUT)
    return {name: MANY if count >= FEWEST else FEW for name, count in counts.items()}


# The network


Node = tuple[int, Key]


@dataclass
class _Cell:
    """A cell as an arc of the network."""

    by: By
    key: Key
    tail: Node
    head: Node
    count: int
    shown: Shown
    may_be_hidden: bool

    def room(self, change: int, *, up: bool) -> tuple[int, int]:
        """By how much more it may be thought larger (or smaller), and what it costs to hide it for that.

        `change`: by how much it is thought to be larger already.
        """
        thought = self.count + change
        shown, cost = self.shown, 0
        if shown.is_exact and self.may_be_hidden:
            shown, cost = MANY, self.count
        if up:
            return (ROOM if shown.most is None else shown.most - thought), cost
        return thought - shown.least, cost


@dataclass
class _Network:
    """The cells of a ring, and what is printed of them as far as that is decided."""

    ring: Ring
    left_out: Collection[By]
    cells: list[_Cell] = field(default_factory=list)
    leaving: dict[Node, list[int]] = field(default_factory=lambda: defaultdict(list))
    entering: dict[Node, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for cell in self._arcs():
            self.leaving[cell.tail].append(len(self.cells))
            self.entering[cell.head].append(len(self.cells))
            self.cells.append(cell)
        for node in {*self.leaving, *self.entering}:
            if sum(self._counts(self.entering[node])) != sum(self._counts(self.leaving[node])):
                raise ValueError("the cuts of a ring do not count the same records")

    def _counts(self, numbers: Iterable[int]) -> Iterator[int]:
        return (self.cells[number].count for number in numbers)

    def _arcs(self) -> Iterator[_Cell]:
        for place, cut in enumerate(self.ring):
            after = (place + 1) % len(self.ring)
            left, right = _shared(self.ring[place - 1], cut), _shared(cut, self.ring[after])
            for key, count in cut.counts.items():
                tail, head = (place, _part(cut, key, left)), (after, _part(cut, key, right))
                shown, may_be_hidden = self._at_first(cut, key, count)
                yield _Cell(cut.by, key, tail, head, count, shown, may_be_hidden)

    def _at_first(self, cut: Cut, key: Key, count: int) -> tuple[Shown, bool]:
        """How a cell shows before anything is hidden for the sake of others, and whether it may be hidden so."""
        if key in cut.never:
            return NEVER, False
        if cut.before is not None:
            return cut.before[key], False
        is_certain = key in cut.certain
        if cut.by in self.left_out or key in cut.unprinted:
            return Shown(int(is_certain), None), False
        return SOME if is_certain and count < FEWEST else alone(count), count >= FEWEST

    def printed(self) -> dict[By, dict[Key, Shown]]:
        found: dict[By, dict[Key, Shown]] = {cut.by: {} for cut in self.ring if cut.before is None}
        for cell in self.cells:
            if cell.by in found:
                found[cell.by][cell.key] = cell.shown
        return found

    def protect(self) -> bool:
        """Hide further cells until each that shows HIDDEN may be thought to be any of 1 to 4; False where that fails.

        To hide a cell only gives others more room: what was possible stays possible.
        """
        return all(
            self._may_change(number, LARGEST_HIDDEN - cell.count, up=True)
            and self._may_change(number, cell.count - 1, up=False)
            for number, cell in enumerate(self.cells)
            if cell.shown in (FEW, SOME)
        )

    def _may_change(self, number: int, by: int, *, up: bool) -> bool:
        """Whether a cell may be thought larger (or smaller) by so much, hiding others where that is needed."""
        cell, changes = self.cells[number], defaultdict[int, int](int)
        begin, end = (cell.head, cell.tail) if up else (cell.tail, cell.head)
        while by > 0:
            path = self._path(begin, end, changes, without=number)
            if path is None:
                return False
            steps = [by, *(self.cells[one].room(changes[one], up=rises)[0] for one, rises in path)]
            for one, rises in path:
                other = self.cells[one]
                if other.shown.is_exact:
                    other.shown = MANY
                changes[one] += min(steps) if rises else -min(steps)
            by -= min(steps)
        return True

    def _path(
        self, begin: Node, end: Node, changes: Mapping[int, int], *, without: int
    ) -> list[tuple[int, bool]] | None:
        """The way between two nodes for which the least has to be hidden: which cells grow and which shrink."""
        costs, came = {begin: 0}, dict[Node, tuple[Node, int, bool]]()
        order = counting()
        waiting = [(0, next(order), begin)]
        while waiting:
            cost, _, node = heapq.heappop(waiting)
            if node == end:
                return list(_back(came, begin, end))
            if cost > costs[node]:
                continue
            for number, rises in self._steps_from(node):
                room, more = self.cells[number].room(changes.get(number, 0), up=rises)
                cell = self.cells[number]
                to = cell.head if rises else cell.tail
                if number != without and room > 0 and cost + more < costs.get(to, cost + more + 1):
                    costs[to], came[to] = cost + more, (node, number, rises)
                    heapq.heappush(waiting, (cost + more, next(order), to))
        return None

    def _steps_from(self, node: Node) -> Iterator[tuple[int, bool]]:
        yield from ((number, True) for number in self.leaving[node])
        yield from ((number, False) for number in self.entering[node])


def _back(came: Mapping[Node, tuple[Node, int, bool]], begin: Node, end: Node) -> Iterator[tuple[int, bool]]:
    while end != begin:
        end, number, rises = came[end]
        yield number, rises


def _shared(one: Cut, other: Cut) -> By:
    return tuple(sorted(set(one.by) & set(other.by)))


def _part(cut: Cut, key: Key, of: By) -> Key:
    values = dict(zip(cut.by, key, strict=True))
    return tuple(values[name] for name in of)
