"""The switch on managers' Home: guidance off, with a reason that everybody is told, and on again."""

from __future__ import annotations

from bot.desk import whole_characters
from bot.privacy import Guard
from bot.switch import Switch, WrongReason, reason_of
from handlers.slack import forms, render
from handlers.slack.call import Call
from handlers.slack.home import Home
from handlers.slack.people import People
from handlers.slack.questions import Questions
from handlers.slack.saving import NOT_SAVED, in_time

MANAGERS_ONLY = "Only the partnership's managers can switch guidance off or on."


class Switching:
    """Each switching is recorded with who did it."""

    def __init__(self, questions: Questions, people: People, home: Home) -> None:
        self.desk = questions.desk
        self._people = people
        self._home = home
        self._switch = Switch(questions.desk)

    async def on_off(self, call: Call) -> None:
        """The form that asks why."""
        if not await self._people.is_manager(call.user):
            await call.privately(render.note(MANAGERS_ONLY))
            return
        await call.client.views_open(trigger_id=call.body["trigger_id"], view=forms.switch_off())

    async def on_off_sent(self, call: Call) -> None:
        """Off, once it is recorded."""
        guidance = self.desk.library.guidance
        typed = whole_characters(str(forms.values_of(call.body["view"]).get("reason") or ""))
        reason, problem = "", None
        try:
            reason = reason_of(typed, guidance.guard if guidance else Guard())
        except WrongReason as error:
            problem = str(error)
        if problem is None and not await self._people.is_manager(call.user):
            problem = MANAGERS_ONLY
        if problem is None and not await in_time(self._turned(call, reason)):
            problem = NOT_SAVED
        if problem is not None:
            await call.ack(response_action="errors", errors={"reason": problem})
            return
        await call.ack()
        await self._home.publish(call, said="Guidance is switched off.")

    async def on_on(self, call: Call) -> None:
        """On again."""
        if not await self._people.is_manager(call.user):
            await call.privately(render.note(MANAGERS_ONLY))
            return
        turned = await self._turned(call, None)
        await self._home.publish(call, said="Guidance is switched on." if turned else "Not saved. Press again.")

    async def _turned(self, call: Call, reason: str | None) -> bool:
        return await self._switch.turn(reason, await self.desk.person("slack", call.user))
