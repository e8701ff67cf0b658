"""The buttons under the answers."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

from bot.answering import messages
from handlers.slack import render
from handlers.slack.call import Call, post
from handlers.slack.questions import Questions
from handlers.slack.render import Outgoing

NOT_IN_CHANNEL = "I cannot write in this channel. Invite me to it first, then press the button again."


class Buttons:
    """Each answers in place: privately under a private answer, else in the same thread."""

    def __init__(self, questions: Questions) -> None:
        self.desk = questions.desk
        self._questions = questions

    def _fresh(self, call: Call) -> bool:
        return self._questions.first_time(call.action_key)

    async def on_show_entry(self, call: Call) -> None:
        """A button that answers in place."""
        if not self._fresh(call):
            return
        reply = self.desk.show(str(call.action.get("value")), self._questions.agency_of(call.user))
        if reply is None:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        await self._in_place(call, render.reply(reply, private=call.ephemeral))

    async def _in_place(self, call: Call, outgoing: Outgoing) -> None:
        """Where the button stands: privately under a private answer, else in the same thread."""
        channel = call.channel
        if call.ephemeral or channel is None:
            await call.privately(outgoing)
            return
        origin = call.body.get("message") or {}
        thread = origin.get("thread_ts") or (None if channel.startswith("D") else origin.get("ts"))
        await post(call.client, channel, thread, outgoing)

    async def on_show_topic(self, call: Call) -> None:
        """A topic's entries."""
        knowledge, topic = self.desk.library.knowledge, call.chosen
        if not self._fresh(call):
            return
        if knowledge is None or topic not in knowledge.topics:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        await self._in_place(call, render.entries(knowledge.topics[topic].title, knowledge.entries_of(topic)))

    async def on_ask_without(self, call: Call) -> None:
        """Ask the question again with what identifies masked; answered to the asker alone."""
        if self._fresh(call):
            await self._questions.answer_privately(call, str(call.action.get("value")), emergency=False)

    async def on_share_entry(self, call: Call) -> None:
        """Put the entry, not the question, into the channel."""
        if not self._fresh(call):
            return
        reply, channel = self.desk.show(str(call.action.get("value"))), call.channel
        if reply is None or channel is None:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        if reply.entry is None:  # switched off since
            await call.privately(render.reply(reply, private=True))
            return
        try:
            await post(call.client, channel, None, render.reply(reply, private=False))
        except SlackApiError:
            await call.privately(render.note(NOT_IN_CHANNEL))

    async def on_old_button(self, call: Call) -> None:
        """A button whose work is gone still gets an answer."""
        if self._fresh(call):
            await call.privately(render.note(messages.OLD_BUTTON))
