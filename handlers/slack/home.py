"""The Home tab: a question box, topics, whom to ring now, my agency; and the prompts of the Messages tab."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from bot.answering import messages
from bot.answering.reply import Status
from bot.desk import where
from bot.storage.questions import new_id
from handlers.slack import render
from handlers.slack.agency import Agencies
from handlers.slack.blocks import Block, actions, context, escape, header, label, section
from handlers.slack.call import Call, post
from handlers.slack.for_managers import ForManagers
from handlers.slack.questions import Questions

log = logging.getLogger(__name__)

MAX_HOME = 100
"""Blocks."""
PROMPTS = (
    ("Mum refuses early help", "Mum refuses early help, what now?"),
    ("Who do I ring tonight?", "Who do I ring tonight?"),
    ("I heard nothing back", "I made a referral and heard nothing, what do I do?"),
    ("We disagree about a child", "We disagree with another agency about a child, what now?"),
)
"""Of the Messages tab: what to press, and what is then asked."""


class Part(Protocol):
    """A part of Home that belongs to another module."""

    async def home_blocks(self, call: Call) -> list[Block]:
        """What it shows to whoever opens the tab."""
        ...


class Home:
    """What somebody sees who opens the app."""

    def __init__(
        self, questions: Questions, agencies: Agencies, managers: ForManagers, parts: Sequence[Part]
    ) -> None:
        self.desk = questions.desk
        self._questions = questions
        self._agencies = agencies
        self._managers = managers
        self._parts = parts

    async def on_opened(self, call: Call) -> None:
        """Show the tab that was opened."""
        event = call.body["event"]
        if event.get("tab") == "messages":
            await self._suggest_prompts(call, str(event.get("channel")))
        else:
            await self.publish(call)

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
            await self.publish(call, said="I answered under Messages.")
        await self.desk.record(answered)

    async def on_agency(self, call: Call) -> None:
        """My agency, changed on Home."""
        agency = await self._agencies.choose(call)
        await self.publish(call, said=f"Noted: {agency.name}." if agency else "Not saved. Choose again in a moment.")

    async def on_refresh(self, call: Call) -> None:
        """Who is open now, anew."""
        await self.publish(call)

    async def publish(self, call: Call, said: str | None = None) -> None:
        """Show the tab to whoever called, as it stands now. `said`: what just happened."""
        person = await self.desk.person("slack", call.user)
        known = self.desk.library.directory.partnership.agency_by_id
        agency = known.get(person.agency) if person and person.agency else None
        blocks = self._blocks(agency.id if agency else None, said)
        tickets = [block for part in self._parts for block in await part.home_blocks(call)]
        managers = await self._managers.home_blocks(call)
        # Where there is no room for all, the lists give way, which the commands show too.
        blocks += [*tickets[: MAX_HOME - len(blocks) - len(managers)], *managers]
        try:
            await call.client.views_publish(user_id=call.user, view={"type": "home", "blocks": blocks[:MAX_HOME]})
        except Exception as error:
            # Whoever opens the tab sees it as it was; nothing that was asked waits for it.
            log.error("the Home tab could not be shown: %s", where(error))

    async def on_send_digest(self, call: Call) -> None:
        """A copy of the managers' digest, for the manager who asks."""
        await self.publish(call, said=await self._managers.send_digest(call))

    def _blocks(self, agency: str | None, said: str | None) -> list[Block]:
        library = self.desk.library
        partnership = library.directory.partnership
        drafts = library.knowledge is not None and any(e.is_draft for e in library.knowledge.entries.values())
        to_ring = library.directory.to_ring(self.desk.clock())
        blocks: list[Block] = [header("Safeguarding guidance")]
        blocks += [context(f"*{escape(messages.draft(partnership.name))}*")] if drafts else []
        blocks += [section(f"*{escape(said)}*")] if said else []
        if self.desk.switched_off is not None:
            blocks.append(section(f"*{escape(messages.switched_off(self.desk.switched_off))}*"))
        blocks.append(_question_box())
        blocks += render.contacts(to_ring).blocks
        blocks += actions([_button("Who is open now?", "refresh_home")])
        blocks += render.topics(library.knowledge).blocks if library.knowledge else [section(messages.ERROR)]
        if partnership.agencies:
            chosen = partnership.agency_by_id.get(agency or "")
            blocks += [section("*My agency*"), *actions([_on_home(render.agency_menu(partnership.agencies, chosen))])]
        return blocks


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
