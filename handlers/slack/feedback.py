"""Was this helpful? And when not, what was missing?"""

from __future__ import annotations

import asyncio
from typing import Any

from bot.answering import messages
from bot.desk import whole_characters
from bot.privacy import Guard
from handlers.slack import forms, render
from handlers.slack.blocks import cut
from handlers.slack.call import Call, post
from handlers.slack.questions import Questions
from handlers.slack.saving import NOT_SAVED, in_time

NOT_NOTED = "Not saved yet. Press the button again in a moment."


class Feedback:
    """What people think of the answers."""

    def __init__(self, questions: Questions) -> None:
        self.desk = questions.desk
        self._questions = questions

    async def on_verdict(self, call: Call) -> None:
        """Helpful or not; when not, a form asks what was missing."""
        if not self._questions.first_time(call.action_key):
            return
        verdict, _, question_id = str(call.action.get("value")).partition(":")
        try:
            if verdict == "no":  # first, since a trigger expires after three seconds
                form = forms.missing(question_id)
                await call.client.views_open(trigger_id=call.body["trigger_id"], view=form)
        finally:
            saved = await self.desk.judge(
                question_id, helpful=verdict == "yes", person=await self.desk.person("slack", call.user)
            )
        if verdict == "yes":
            await call.privately(render.note("Thank you. That is noted." if saved else NOT_NOTED))

    async def on_missing(self, call: Call) -> None:
        """What was missing: saved before it is acknowledged, and handed back when it names somebody."""
        view = call.body["view"]
        text = whole_characters(str(view["state"]["values"]["missing"]["text"].get("value") or "")).strip()
        card = self._questions.alarm(text, call.user)
        # Beside the rest: Slack waits three seconds for the form, and posting may take longer.
        posting = asyncio.create_task(post(call.client, call.user, None, render.card(card))) if card else None
        problem = self._problem_with(text)
        if problem is None and not await in_time(self._saved(view, text, call.user)):
            problem = NOT_SAVED
        if problem is not None:
            await call.ack(response_action="errors", errors={"missing": cut(problem, 1500)})
        else:
            await call.ack()
        if posting is not None:
            await posting

    def _problem_with(self, text: str) -> str | None:
        guidance = self.desk.library.guidance
        found = (guidance.guard if guidance else Guard()).find(text)
        return messages.identifiers(found) if found else None

    async def _saved(self, view: dict[str, Any], text: str, user: str) -> bool:
        question_id, claim = str(view["private_metadata"]), f"view:{view.get('id')}"
        person = await self.desk.person("slack", user)
        return await self.desk.judge(question_id, helpful=False, person=person, missing=text, claim=claim)
