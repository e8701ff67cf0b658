"""The shortcuts: "Ask about safeguarding" anywhere, and "Find guidance" on a message."""

from __future__ import annotations

import asyncio
import dataclasses

from bot.answering.reply import Status
from bot.desk import whole_characters
from handlers.slack import forms, render
from handlers.slack.call import Call, post
from handlers.slack.questions import Questions, in_a_direct_message

TO_EDIT = frozenset({Status.IDENTIFIERS, Status.TOO_LONG, Status.EMPTY, Status.BUSY, Status.ERROR})
"""The form stays open for these, with what was typed."""
ABOUT = "Guidance for the message you chose. Nothing of its text is kept, and nobody else sees this."


class Shortcuts:
    """Each gives one private answer."""

    def __init__(self, questions: Questions) -> None:
        self.desk = questions.desk
        self._questions = questions

    async def on_ask(self, call: Call) -> None:
        """The global shortcut: a form with one question."""
        await call.client.views_open(trigger_id=call.body["trigger_id"], view=forms.ask())

    async def on_ask_sent(self, call: Call) -> None:
        """The answer in the form, and in the messages with the asker, where its buttons work."""
        view = call.body["view"]
        text = whole_characters(str(forms.values_of(view).get("question") or "")).strip()
        # One form may be refused several times, each time by a request of its own, and is answered once.
        trigger, claim = call.body.get("trigger_id"), f"view:{view.get('id')}"
        first = trigger is None or self._questions.first_time(f"form:{trigger}")
        card = self._questions.alarm(text, call.user)
        # Beside the rest: Slack waits three seconds for the form, and posting may take longer.
        due = render.card(card) if card and first else None
        posting = asyncio.create_task(post(call.client, call.user, None, due)) if due else None
        answered = await self._questions.answer(
            call, text, call.user, f"slack:shortcut:{call.user}", emergency=card is not None
        )
        reply = answered.reply
        stays = reply.status in TO_EDIT
        if stays:
            await call.ack(response_action="errors", errors={"question": forms.problem(reply, card)})
        else:
            await call.ack(response_action="update", view=forms.answer(reply, card))
        if posting is not None:
            await posting
        if not stays and self._questions.first_time(claim):
            outgoing = render.reply(in_a_direct_message(reply), question_id=answered.question.id, private=True)
            await post(call.client, call.user, None, outgoing)
        if first or not stays:
            await self.desk.record(answered, None if stays else claim)

    async def on_find(self, call: Call) -> None:
        """The message shortcut: one answer for the text of a message, of which nothing is kept."""
        if not self._questions.first_time(f"shortcut:{call.body.get('trigger_id')}"):
            return
        text = call.typed
        card = self._questions.alarm(text, call.user)
        if card is not None:
            await call.privately(render.card(card))
        answered = await self._questions.answer(
            call, text, call.user, f"slack:message:{call.user}", emergency=card is not None, keep_text=False
        )
        # Not "ask without it": that question would be kept, and nothing of this text may be.
        reply = dataclasses.replace(answered.reply, without=None)
        outgoing = render.reply(reply, question_id=answered.question.id, private=True, late=ABOUT)
        await call.privately(outgoing)
        await self.desk.record(answered)
