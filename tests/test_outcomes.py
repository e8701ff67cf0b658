"""What several work on together, each hears of for themselves."""

import asyncio
import threading

import pytest

from bot.storage.database import Closed, Store, migrate
from bot.storage.outcomes import Outcome, tell


@pytest.fixture
def store(tmp_path):
    migrate(tmp_path / "test.db")
    store = Store(tmp_path / "test.db")
    yield store
    store.close()


def number(n):
    return lambda tx: tx.one("SELECT :n AS n", n=n)["n"]


def wrong(tx):
    return tx.one("SELECT * FROM nothing_of_this_name")


def read_by(store, works):
    """What comes of look-ups that begin at once, and on how many transactions they were done."""
    transactions = set()

    def watched(work):
        def done(tx):
            transactions.add(id(tx))
            seen.append(tx)  # kept, so that no other gets its id
            return work(tx)

        return done

    async def all_at_once():
        return await asyncio.gather(*(store.look_up(watched(work)) for work in works), return_exceptions=True)

    seen = []
    return asyncio.run(all_at_once()), len(transactions)


def test_look_ups_that_come_at_once_are_read_together_and_each_has_its_own(store):
    found, transactions = read_by(store, [number(n) for n in range(64)])
    assert found == [*range(64)]
    assert transactions == 1


def test_a_look_up_that_fails_leaves_the_others_alone(store):
    found, _ = read_by(store, [number(1), wrong, number(2)])
    assert found[::2] == [1, 2]
    assert "nothing_of_this_name" in str(found[1])


def test_what_comes_while_others_are_read_is_read_after_them(store):
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx):
        begun.set()
        assert go_on.wait(10)
        return "slow"

    async def one_after_the_other():
        first = asyncio.create_task(store.look_up(slow))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(store.look_up(number(n))) for n in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *others))
        go_on.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(one_after_the_other()) == ["slow", 0, 1, 2]


def test_who_waits_no_more_takes_nothing_from_the_others(store):
    async def one_leaves():
        leaving, staying = (asyncio.create_task(store.look_up(number(n))) for n in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(one_leaves()) == 1


def test_where_nothing_can_be_read_everybody_hears_it(store):
    store.close()
    found, _ = read_by(store, [number(1), number(2)])
    assert [type(error) for error in found] == [Closed, Closed]


def test_a_store_looks_up_again_on_another_loop(store):
    assert [read_by(store, [number(n)])[0] for n in range(2)] == [[0], [1]]


def test_a_loop_is_woken_once_for_all_that_was_written_together(monkeypatch):
    async def woken():
        loop = asyncio.get_running_loop()
        waiting = [loop.create_future() for _ in range(10)]
        times = []
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *args: times.append(1) or wake(*args))
        tell((future, Outcome(i)) for i, future in enumerate(waiting))
        return await asyncio.gather(*waiting), len(times)

    assert asyncio.run(woken()) == ([*range(10)], 1)


def test_a_coroutine_that_left_before_its_write_began_has_nothing_written(store):
    gate, written = threading.Event(), []

    async def leave():
        blocking = asyncio.create_task(store.write(lambda tx: gate.wait(10)))
        await asyncio.sleep(0)
        leaving = asyncio.create_task(store.write(lambda tx: written.append("left")))
        staying = asyncio.create_task(store.write(lambda tx: written.append("stayed")))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(blocking, staying)

    asyncio.run(leave())
    assert written == ["stayed"]


def test_a_write_whose_loop_has_ended_is_written_and_harms_nobody(store):
    gate, written = threading.Event(), []

    async def go_away():
        waiting = asyncio.create_task(store.write(lambda tx: written.append(gate.wait(10))))
        await asyncio.sleep(0.05)
        waiting.cancel()

    asyncio.run(go_away())
    gate.set()
    assert store.submit(number(3)).result(10) == 3
    assert written == [True]
