"""Work that takes turns, so that the event loop goes round in between."""

import asyncio

import pytest

from handlers.slack.turns import Turns

ENDLESS = 60.0


async def _beside(done):
    """Something else that the loop has to do, each time it goes round."""
    while True:
        done.append("-")
        await asyncio.sleep(0)


def happened(seconds, *, works=3):
    """What is done in which order while so many works wait, the loop's other work as "-"."""
    done = []

    async def wait_for_all():
        turns = Turns(seconds)
        waiting = [asyncio.create_task(turns.do(lambda i=i: done.append(str(i)))) for i in range(works)]
        beside = asyncio.create_task(_beside(done))
        await asyncio.gather(*waiting)
        beside.cancel()

    asyncio.run(wait_for_all())
    return "".join(done).strip("-")


def test_work_that_fills_a_turn_lets_the_loop_go_round_before_the_next():
    assert happened(seconds=0) == "0-1-2"


def test_work_that_fits_into_one_turn_is_done_in_one():
    assert happened(seconds=ENDLESS) == "012"


@pytest.mark.parametrize("seconds", [0, ENDLESS])
def test_work_is_done_in_the_order_in_which_it_came(seconds):
    assert happened(seconds, works=10).replace("-", "") == "0123456789"


@pytest.mark.parametrize("seconds", [0, ENDLESS])
def test_what_a_work_returns_or_raises_is_its_own(seconds):
    async def both():
        turns = Turns(seconds)
        return await asyncio.gather(turns.do(lambda: 1 // 0), turns.do(lambda: "done"), return_exceptions=True)

    failed, done = asyncio.run(both())
    assert isinstance(failed, ZeroDivisionError)
    assert done == "done"


def test_nobody_works_for_who_does_not_wait_any_more():
    done = []

    async def one_leaves():
        turns = Turns()
        leaving, staying = (asyncio.create_task(turns.do(lambda i=i: done.append(i))) for i in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying

    asyncio.run(one_leaves())
    assert done == [1]


def test_after_a_pause_work_is_done_again():
    async def twice():
        turns = Turns()
        return [await turns.do(lambda i=i: i) for i in range(2)]

    assert asyncio.run(twice()) == [0, 1]
