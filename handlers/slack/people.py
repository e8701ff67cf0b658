"""What Slack tells of people: their e-mail address, whether they are guests, and which groups they are in."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.desk import where

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT_SECONDS = 600.0
"""A guest who becomes a member, or a manager who leaves the group, is seen as such after this at the latest."""
KEPT = 10_000
WAIT_SECONDS = 1.0
"""Nobody waits longer to be looked up."""


@dataclass(frozen=True)
class Profile:
    """One person, as Slack knows them."""

    email: str | None
    guest: bool
    """Somebody of another organisation who was invited into single channels."""
    closed: bool = False
    """Whether the account was closed: whoever had it has left."""


class People:
    """Looks people and groups up, each once in ten minutes. What Slack does not tell in time is not known: None."""

    def __init__(
        self, client: AsyncWebClient, managers: tuple[str, ...] = (), officers: tuple[str, ...] = ()
    ) -> None:
        self._client = client
        self._managers, self._officers = _names(managers), _names(officers)
        self._profiles = _Kept(self._read_profile)
        self._groups = _Kept(self._read_group)

    async def profile(self, user: str) -> Profile | None:
        """Somebody's profile."""
        return await self._profiles.of(user)

    async def is_guest(self, user: str) -> bool:
        """Whether somebody is a guest; nobody is taken for one because Slack does not answer."""
        profile = await self.profile(user)
        return profile is not None and profile.guest

    def is_member(self, user: str) -> bool:
        """Whether somebody is known to be no guest, without asking Slack."""
        profile = self._profiles.known(user)
        return profile is not None and not profile.guest

    async def is_manager(self, user: str) -> bool:
        """Whether somebody is named in MANAGERS."""
        return bool(await self._is_named(self._managers, user))

    async def is_still_manager(self, user: str) -> bool | None:
        """As `is_manager`, and not where the account was closed since; None where Slack does not tell just now."""
        profile = await self.profile(user)
        if profile is not None and (profile.closed or profile.guest):
            return False
        return await self._is_named(self._managers, user)

    async def is_mash_officer(self, user: str) -> bool:
        """Whether somebody is named in MASH_OFFICERS."""
        return bool(await self._is_named(self._officers, user))

    async def _is_named(self, names: frozenset[str], user: str) -> bool | None:
        """Whether somebody is named: by their id, their e-mail address, or a group that they are in.

        None where Slack did not tell what it depends on.
        """
        if user in names:
            return True
        groups = [name for name in names if name.startswith("S")]
        by_address = any("@" in name for name in names)
        if not groups and not by_address:
            return False
        # All at once: a form that waits for this is answered within Slack's time.
        profile, members = await asyncio.gather(
            self.profile(user), asyncio.gather(*(self._groups.of(group) for group in groups))
        )
        if profile is not None and profile.email is not None and profile.email.lower() in names:
            return True
        if any(user in found for found in members if found is not None):
            return True
        return None if None in members or (by_address and profile is None) else False

    async def _read_profile(self, user: str) -> Profile:
        found = (await self._client.users_info(user=user))["user"]
        address = str((found.get("profile") or {}).get("email") or "")
        guest = bool(found.get("is_restricted") or found.get("is_ultra_restricted"))
        return Profile(address or None, guest, closed=bool(found.get("deleted")))

    async def _read_group(self, group: str) -> frozenset[str]:
        return frozenset((await self._client.usergroups_users_list(usergroup=group))["users"])


def _names(given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() if "@" in name else name for name in given)


class _Kept(Generic[T]):
    """What was looked up, kept for a while. Whoever asks for the same meanwhile waits for the same answer."""

    def __init__(self, read: Callable[[str], Awaitable[T]]) -> None:
        self._read = read
        self._kept: OrderedDict[str, tuple[float, asyncio.Task[T | None]]] = OrderedDict()

    def known(self, name: str) -> T | None:
        """What was looked up, as long as it is kept."""
        since, task = self._kept.get(name, (0.0, None))
        if task is None or not task.done() or time.monotonic() - since > KEPT_SECONDS:
            return None
        return task.result()

    async def of(self, name: str) -> T | None:
        since, task = self._kept.get(name, (0.0, None))
        if task is None or time.monotonic() - since > KEPT_SECONDS:
            task = asyncio.create_task(self._looked_up(name))
            self._kept[name] = (time.monotonic(), task)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if task.done():
            return task.result()
        # Shielded: a slow answer still serves whoever asks next.
        done, _ = await asyncio.wait({task}, timeout=WAIT_SECONDS)
        return task.result() if done else None

    async def _looked_up(self, name: str) -> T | None:
        try:
            return await self._read(name)
        except Exception as error:
            log.info("Slack did not tell who somebody is: %s", where(error))
            self._kept.pop(name, None)  # asked again next time
            return None
