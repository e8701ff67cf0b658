"""Two short forms: "I rang and got no adequate answer", and "suggest a correction"."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot import reports
from bot.answering import messages
from bot.desk import whole_characters
from bot.privacy import Guard
from bot.tickets import no_answer
from bot.tickets.fields import InvalidForm
from bot.tickets.no_answer import NoAnswer
from handlers.slack import forms, render
from handlers.slack.blocks import cut
from handlers.slack.call import Call, post
from handlers.slack.questions import Questions
from handlers.slack.saving import NOT_SAVED, in_time

NOT_RECORDED = "Not recorded yet. Press the button again in a moment; what you filled in is still here."


class Reports:
    """Each is recorded before it is acknowledged; what cannot be recorded stays open, with all that was typed."""

    def __init__(self, questions: Questions) -> None:
        self.desk = questions.desk
        self._reports = reports.Reports(questions.desk)
        self._questions = questions

    async def on_no_answer(self, call: Call) -> None:
        """What to do next, and the form."""
        names = str(call.action.get("value")).split(",")
        contacts = [self.desk.library.directory.contacts[name] for name in names if self._reports.next_step(name)]
        step = self._reports.next_step(contacts[0].id) if contacts else None
        if step is None:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        form = forms.no_answer(contacts, step, self.desk.clock())
        await call.client.views_open(trigger_id=call.body["trigger_id"], view=form)

    async def on_no_answer_sent(self, call: Call) -> None:
        """Record it; the form then says what to do next, with the reference."""
        view = call.body["view"]
        filled = forms.values_of(view)
        name = str(filled.get("service"))
        step = self._reports.next_step(name)
        if step is None:
            await call.ack(response_action="errors", errors={"service": "This service is no longer listed."})
            return
        seconds = filled.get("rang_at")
        try:
            record = no_answer.parse(
                self.desk.library.directory.contacts[name],
                datetime.fromtimestamp(int(seconds), UTC) if seconds else None,
                str(filled.get("waited")),
                str(filled.get("did")),
                self.desk.clock(),
            )
        except InvalidForm as error:
            await call.ack(response_action="errors", errors=error.problems)
            return
        reference = await in_time(self._recorded(call, record))
        if reference is None:
            await call.ack(response_action="errors", errors={"service": NOT_RECORDED})
        else:
            await call.ack(response_action="update", view=forms.recorded(reference, step))

    async def _recorded(self, call: Call, record: NoAnswer) -> str | None:
        agency = self._questions.agency_of(call.user)
        return await self._reports.no_answer(
            record,
            channel="slack",
            claim=f"view:{call.body['view'].get('id')}",
            person=await self.desk.person("slack", call.user),
            agency=agency.id if agency else None,
        )

    async def on_correction(self, call: Call) -> None:
        """The form."""
        knowledge, name = self.desk.library.knowledge, str(call.action.get("value"))
        if knowledge is None or name not in knowledge.entries:
            await call.privately(render.note(messages.OLD_BUTTON))
            return
        form = forms.correction(knowledge.entries[name])
        await call.client.views_open(trigger_id=call.body["trigger_id"], view=form)

    async def on_correction_sent(self, call: Call) -> None:
        """Recorded before it is acknowledged, and handed back when it names somebody."""
        view = call.body["view"]
        text = whole_characters(str(forms.values_of(view).get("correction") or "")).strip()
        card = self._questions.alarm(text, call.user)
        # Beside the rest: Slack waits three seconds for the form, and posting may take longer.
        posting = asyncio.create_task(post(call.client, call.user, None, render.card(card))) if card else None
        problem = self._problem_with(text) or (None if await in_time(self._saved(call, text)) else NOT_SAVED)
        if problem is not None:
            await call.ack(response_action="errors", errors={"correction": cut(problem, 1500)})
        else:
            await call.ack(response_action="update", view=forms.thanks(self._owner(str(view["private_metadata"]))))
        if posting is not None:
            await posting

    def _problem_with(self, text: str) -> str | None:
        if not text:
            return "Write what is wrong, or what it should say."
        guidance = self.desk.library.guidance
        found = (guidance.guard if guidance else Guard()).find(text)
        return messages.identifiers(found) if found else None

    async def _saved(self, call: Call, text: str) -> bool:
        view, agency = call.body["view"], self._questions.agency_of(call.user)
        return await self._reports.correction(
            str(view["private_metadata"]),
            text,
            channel="slack",
            claim=f"view:{view.get('id')}",
            person=await self.desk.person("slack", call.user),
            agency=agency.id if agency else None,
        )

    def _owner(self, entry_id: str) -> str:
        knowledge = self.desk.library.knowledge
        entry = knowledge.entries.get(entry_id) if knowledge else None
        return knowledge.owner_of(entry) if knowledge and entry else "the editors"
