"""Forms are saved before they are acknowledged, within the time that Slack gives for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 2.0
"""Slack takes a form's answer within 3 s; what is not saved by then stays open, to be sent again."""
NOT_SAVED = "Not saved yet. Press the button below again in a moment; what you filled in is still here."


async def in_time(saving: Awaitable[T]) -> T | None:
    """What was saved in time; None where that takes too long: the form stays open, to be sent again."""
    try:
        async with asyncio.timeout(SECONDS):
            return await saving
    except TimeoutError:
        return None
