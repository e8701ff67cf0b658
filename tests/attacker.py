"""Somebody who adds and subtracts what was printed, to work out what was hidden, and knows nothing of how it was."""

import collections
import heapq
import itertools
from collections.abc import Hashable, Iterable, Mapping

MOST = 10_000
"""No count is larger."""
TRIES = 20_000

MOST_AT_ONCE = 10
"""Sums that are out at the same time."""

State = frozenset[tuple[int, int]]


class Puzzle:
    """Whole numbers within limits, and sums: a whole is the sum of its parts."""

    def __init__(self) -> None:
        self.limits: dict[Hashable, tuple[int, int]] = {}
        self._sums: list[tuple[int, ...]] = []
        """Each a whole and its parts, by the numbers of the cells."""
        self._numbers: dict[Hashable, int] = {}
        self._in: list[list[int]] = []

    def know(self, cell: Hashable, least: int = 0, most: int = MOST) -> None:
        """What is printed in a cell; of one that is printed twice both count."""
        was = self.limits.get(cell, (0, MOST))
        self.limits[cell] = (max(was[0], least), min(was[1], most))
        if cell not in self._numbers:
            self._numbers[cell] = len(self._in)
            self._in.append([])

    def adds_up(self, whole: Hashable, parts: Iterable[Hashable]) -> None:
        """A sum. Cells that nothing is printed of may be anything."""
        cells = [whole, *parts]
        for cell in cells:
            self.know(cell)
        numbers = tuple(self._numbers[cell] for cell in cells)
        for number in numbers:
            self._in[number].append(len(self._sums))
        self._sums.append(numbers)

    def completed(self, known: Mapping[Hashable, int]) -> dict[Hashable, int]:
        """With the cells that nothing is known of, but that follow from sums."""
        names, found = list(self._numbers), dict(known)
        for _ in self._sums:
            for whole, *parts in self._sums:
                missing = [one for one in (whole, *parts) if names[one] not in found]
                if len(missing) == 1:
                    rest = sum(found[names[one]] for one in parts if one not in missing)
                    found[names[missing[0]]] = rest if missing == [whole] else found[names[whole]] - rest
        return found

    def concluded(self) -> dict[Hashable, tuple[int, int]]:
        """Limits of each cell, drawn from one sum after the other."""
        found = self._narrowed([self.limits[one] for one in self._numbers], range(len(self._sums)))
        assert found is not None, "what is printed contradicts itself"
        return dict(zip(self._numbers, found, strict=True))

    def may_be(self, cell: Hashable, value: int, guess: Mapping[Hashable, int]) -> dict[Hashable, int] | None:
        """Numbers for all cells that fit everything, with `value` in this one; None where there are none.

        Exact: every possibility is tried, what is nearest to `guess` first.
        """
        limits = [self.limits[one] for one in self._numbers]
        number = self._numbers[cell]
        if not limits[number][0] <= value <= limits[number][1]:
            return None
        near = [guess.get(one, 0) for one in self._numbers]
        limits[number] = (value, value)
        found = self._stepped(limits, near, number, value)
        if found is None or not self._fits(found, limits):
            found = self._solved(limits, near)
        if found is None:
            return None
        assert self._fits(found, limits)
        return dict(zip(self._numbers, found, strict=True))

    def _stepped(self, limits: list[tuple[int, int]], near: list[int], number: int, value: int) -> list[int] | None:
        """From a guess that fits everything: the cell by one, then by one whatever that puts out, round and round.

        Quick, and finds most; what it finds is looked at again by whoever asks.
        """
        here = list(near)
        while here[number] != value:
            here[number] += 1 if value > here[number] else -1
            path = self._way(here, limits, number)
            if path is None:
                return None
            for cell, by in path:
                here[cell] += by
        return here

    def _way(self, here: list[int], limits: list[tuple[int, int]], without: int) -> list[tuple[int, int]] | None:
        """Cells that, each changed by one, put all sums right; None where none are found."""
        begin = frozenset((one, self._off(one, here)) for one in self._in[without] if self._off(one, here))
        came: dict[State, tuple[int, int, State] | None] = {begin: None}
        waiting = collections.deque([begin])
        while waiting and len(came) < TRIES:
            state = waiting.popleft()
            if not state:
                return list(_steps(came, state))
            one, lack = min(state)
            for place, cell in enumerate(self._sums[one]):
                by = (1 if lack > 0 else -1) * (-1 if place == 0 else 1)
                low, high = limits[cell]
                if cell == without or not low <= here[cell] + by <= high:
                    continue
                lacks = dict(state)
                for other in self._in[cell]:
                    lacks[other] = lacks.get(other, 0) + (by if self._sums[other][0] == cell else -by)
                after = frozenset((other, off) for other, off in lacks.items() if off)
                if after not in came and len(after) <= MOST_AT_ONCE:
                    came[after] = (cell, by, state)
                    waiting.append(after)
        return None

    def _solved(self, limits: list[tuple[int, int]], near: list[int]) -> list[int] | None:
        tried = itertools.count()
        waiting = []
        for start in filter(None, [self._narrowed(limits, range(len(self._sums)))]):
            heapq.heappush(waiting, (self._missed(start, near), next(tried), start, near))
        while waiting:
            missed, number, limits, near = heapq.heappop(waiting)
            assert number < TRIES, "too many possibilities to try"
            here = _within(near, limits)
            if missed == 0:
                return here
            wrong = [one for one in range(len(self._sums)) if self._off(one, here)]
            chosen = min(wrong, key=lambda one: len(self._sums[one]))
            # One of these cells has to change so that this sum comes right: the first, or not the first but the
            # second, and so on.
            lack, so_far = self._off(chosen, here), list(limits)
            for place, cell in enumerate(self._sums[chosen]):
                step = -lack if place == 0 else lack
                low, high = so_far[cell]
                if (room := high - here[cell] if step > 0 else here[cell] - low) <= 0:
                    continue
                changed = here[cell] + (min(step, room) if step > 0 else -min(-step, room))
                narrower = list(so_far)
                narrower[cell] = (here[cell] + 1, high) if step > 0 else (low, here[cell] - 1)
                if (narrowed := self._narrowed(narrower, self._in[cell])) is not None:
                    nearer = [changed if one == cell else value for one, value in enumerate(here)]
                    entry = (self._missed(narrowed, nearer), next(tried), narrowed, nearer)
                    heapq.heappush(waiting, entry)
                so_far[cell] = (low, here[cell]) if step > 0 else (here[cell], high)
        return None

    def _fits(self, here: list[int], limits: list[tuple[int, int]]) -> bool:
        within = all(low <= one <= high for one, (low, high) in zip(here, limits, strict=True))
        return within and not any(self._off(one, here) for one in range(len(self._sums)))

    def _off(self, one: int, here: list[int]) -> int:
        """By how much the parts of a sum lack of the whole."""
        whole, *parts = self._sums[one]
        return here[whole] - sum(here[part] for part in parts)

    def _missed(self, limits: list[tuple[int, int]], near: list[int]) -> int:
        here = _within(near, limits)
        return sum(abs(self._off(one, here)) for one in range(len(self._sums)))

    def _narrowed(self, limits: list[tuple[int, int]], sums: Iterable[int]) -> list[tuple[int, int]] | None:
        """Draw every conclusion that a single sum allows, until there are no more; None where nothing fits."""
        limits, waiting = list(limits), list(sums)
        while waiting:
            whole, *parts = self._sums[waiting.pop()]
            low, high = (sum(limits[part][place] for part in parts) for place in (0, 1))
            least, most = max(limits[whole][0], low), min(limits[whole][1], high)
            news = [(whole, least, most)]
            for part in parts:
                own_low, own_high = limits[part]
                news.append((part, max(own_low, least - high + own_high), min(own_high, most - low + own_low)))
            for cell, least_of_it, most_of_it in news:
                if least_of_it > most_of_it:
                    return None
                if (least_of_it, most_of_it) != limits[cell]:
                    limits[cell] = (least_of_it, most_of_it)
                    waiting += [one for one in self._in[cell] if one not in waiting]
        return limits


def _within(near: list[int], limits: list[tuple[int, int]]) -> list[int]:
    return [min(max(value, low), high) for value, (low, high) in zip(near, limits, strict=True)]


def _steps(came, state):
    while came[state] is not None:
        cell, by, state = came[state]
        yield cell, by
