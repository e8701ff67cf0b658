"""The shortcuts: "Ask about safeguarding" anywhere, and "Find guidance" on a message."""

from __future__ import annotations

import asyncio
import dataclasses

from bot.answering.reply import Status
from bot.desk import whole_characters
from handlers.slack import forms, render
from handlers.slack.blocks import cut
from handlers.slack.call import Call, post
from handlers.slack.incoming import plain_text
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
        await call.ack()
        await call.client.views_open(trigger_id=call.body["trigger_id"], view=forms.ask())

    async def on_ask_sent(self, call: Call) -> None:
        """The answer in the form, and in the messages with the asker, where its buttons work."""
        view = call.body["view"]
        text = whole_characters(str(forms.values_of(view).get("question") or "")).strip()
        card = self._questions.alarm(text, call.user)
        posting = asyncio.create_task(post(call.client, call.user, None, render.card(card))) if card else None
        answered = await self._questions.answer(
            call, text, call.user, f"slack:shortcut:{call.user}", emergency=card is not None
        )
        reply = answered.reply
        if reply.status in TO_EDIT:
            await call.ack(response_action="errors", errors={"question": cut(reply.message, 1500)})
        else:
            await call.ack(response_action="update", view=forms.answer(reply))
            if self._questions.first_time(f"view:{view.get('id')}"):
                outgoing = render.reply(in_a_direct_message(reply), question_id=answered.question.id, private=True)
                await post(call.client, call.user, None, outgoing)
        if posting is not None:
            await posting
        # One form may be refused several times, and is answered once.
        await self.desk.record(answered, None if reply.status in TO_EDIT else f"view:{view.get('id')}")

    async def on_find(self, call: Call) -> None:
        """The message shortcut: one answer for the text of a message, of which nothing is kept."""
        await call.ack()
        if not self._questions.first_time(f"shortcut:{call.body.get('trigger_id')}"):
            return
        text = plain_text(str((call.body.get("message") or {}).get("text") or ""))
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
