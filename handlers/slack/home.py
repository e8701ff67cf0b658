"""The Home tab: a question box, topics, whom to ring now, my agency; and the prompts of the Messages tab."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

from bot.answering import messages
from bot.answering.reply import Status
from bot.desk import STORAGE_FAILS, where
from bot.storage import questions as stored
from bot.storage.questions import Week, new_id
from handlers.slack import render
from handlers.slack.agency import Agencies
from handlers.slack.blocks import Block, actions, context, escape, header, label, section
from handlers.slack.call import Call, post
from handlers.slack.questions import Questions

log = logging.getLogger(__name__)

PROMPTS = (
    ("Mum refuses early help", "Mum refuses early help, what now?"),
    ("Who do I ring tonight?", "Who do I ring tonight?"),
    ("I heard nothing back", "I made a referral and heard nothing, what do I do?"),
    ("We disagree about a child", "We disagree with another agency about a child, what now?"),
)
"""Of the Messages tab: what to press, and what is then asked."""


class Home:
    """What somebody sees who opens the app."""

    def __init__(self, questions: Questions, agencies: Agencies, managers: tuple[str, ...]) -> None:
        self.desk = questions.desk
        self._questions = questions
        self._agencies = agencies
        self._managers = frozenset(managers)

    async def on_opened(self, call: Call) -> None:
        """Show the tab that was opened."""
        event = call.body["event"]
        if event.get("tab") == "messages":
            await self._suggest_prompts(call, str(event.get("channel")))
        else:
            await self._publish(call)

    async def _suggest_prompts(self, call: Call, channel: str) -> None:
        prompts = [{"title": title, "message": message} for title, message in PROMPTS]
        try:
            await call.client.api_call(
                "assistant.threads.setSuggestedPrompts", json={"channel_id": channel, "prompts": prompts}
            )
        except Exception as error:
            # A plan without it: the tab is a plain direct message then.
            log.info("prompts are not available here: %s", where(error))

    async def on_asked(self, call: Call) -> None:
        """A question typed on Home: answered in the messages with the asker."""
        await call.ack()
        text = str(call.action.get("value") or "")
        if not self._questions.first_time(call.action_key):
            return
        card = self._questions.alarm(text, call.user)
        if card is not None:
            await post(call.client, call.user, None, render.card(card))
        answered = await self._questions.answer(
            call, text, call.user, f"slack:home:{call.user}", emergency=card is not None
        )
        reply = answered.reply
        outgoing = render.reply(reply, question_id=answered.question.id, private=True)
        await post(call.client, call.user, None, outgoing)
        # What has to be edited stays in the box.
        if reply.status not in (Status.IDENTIFIERS, Status.TOO_LONG, Status.BUSY, Status.ERROR):
            await self._publish(call, said="I answered under Messages.")
        await self.desk.record(answered)

    async def on_agency(self, call: Call) -> None:
        """My agency, changed on Home."""
        await call.ack()
        agency = await self._agencies.choose(call)
        await self._publish(call, said=f"Noted: {agency.name}." if agency else "Not saved. Choose again in a moment.")

    async def on_refresh(self, call: Call) -> None:
        """Who is open now, anew."""
        await call.ack()
        await self._publish(call)

    async def _publish(self, call: Call, said: str | None = None) -> None:
        person = await self.desk.person("slack", call.user)
        known = self.desk.library.directory.partnership.agency_by_id
        agency = known.get(person.agency) if person and person.agency else None
        week = await self._week() if call.user in self._managers else None
        view = self._view(agency.id if agency else None, week, said)
        try:
            await call.client.views_publish(user_id=call.user, view=view)
        except Exception as error:
            # Whoever opens the tab sees it as it was; nothing that was asked waits for it.
            log.error("the Home tab could not be shown: %s", where(error))

    async def _week(self) -> Week | None:
        store = self.desk.store
        since = self.desk.clock() - timedelta(days=7)
        try:
            async with asyncio.timeout(1):
                return None if store is None else await store.read(lambda tx: stored.week(tx, since))
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("the week's figures could not be read: %s", where(error))
            return None

    def _view(self, agency: str | None, week: Week | None, said: str | None) -> dict[str, Any]:
        library = self.desk.library
        partnership = library.directory.partnership
        drafts = library.knowledge is not None and any(e.is_draft for e in library.knowledge.entries.values())
        to_ring = library.directory.to_ring(self.desk.clock())
        blocks: list[Block] = [header("Safeguarding guidance")]
        blocks += [context(f"*{escape(messages.draft(partnership.name))}*")] if drafts else []
        blocks += [section(f"*{escape(said)}*")] if said else []
        blocks.append(_question_box())
        blocks += render.contacts(to_ring).blocks
        blocks += actions([_button("Who is open now?", "refresh_home")])
        blocks += render.topics(library.knowledge).blocks if library.knowledge else [section(messages.ERROR)]
        if partnership.agencies:
            chosen = partnership.agency_by_id.get(agency or "")
            blocks += [section("*My agency*"), *actions([_on_home(render.agency_menu(partnership.agencies, chosen))])]
        if week is not None:
            blocks += [header("The last seven days"), section(_in_words(week))]
        return {"type": "home", "blocks": blocks}


def _question_box() -> Block:
    return {
        "type": "input",
        # A new id empties the box when the tab is shown again.
        "block_id": f"question-{new_id()[:8]}",
        "dispatch_action": True,
        "label": label("Ask in your own words"),
        "hint": label("Leave out names, dates of birth and addresses. Press Enter to send."),
        "element": {
            "type": "plain_text_input",
            "action_id": "ask_home",
            "max_length": 3000,
            "placeholder": label("For example: mum refuses early help, what now?"),
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }


def _button(text: str, action_id: str) -> Block:
    return {"type": "button", "action_id": action_id, "value": "now", "text": label(text)}


def _on_home(menu: Block) -> Block:
    return menu | {"action_id": "choose_agency_home"}


def _in_words(week: Week) -> str:
    return (
        f"{week.questions} questions, {week.unanswered} of them without guidance, {week.emergencies} with the "
        f"emergency card. {week.unhelpful} answers did not help; {week.corrections} suggested corrections are open. "
        f"{week.no_answers} times a service gave no adequate answer."
    )
