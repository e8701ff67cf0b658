"""Whatever somebody writes, Slack takes what is made of it, and nothing in it becomes active."""

import copy
import html
import re

import pytest
from pydantic import ValidationError
from slack_content import AT, MANY, TEXTS, Content
from slack_limits import faults_of_message, faults_of_prompts, faults_of_view
from slack_rendered import (
    MODULES,
    PIECES,
    READERS,
    TABLE,
    modules_that_render,
    renderers,
    shapes,
    shipped,
)

from bot.answering.answer import show
from bot.answering.reply import Asked
from bot.knowledge.model import Rule
from handlers.slack import forms, render


def faults_of(shape):
    """Of a message or a view."""
    return faults_of_view(shape) if "type" in shape else faults_of_message(shape)


# What is rendered


def test_every_renderer_is_in_the_table():
    missing, gone = renderers() - set(TABLE) - READERS, (set(TABLE) | READERS) - renderers()
    assert not missing, f"add to TABLE in tests/slack_rendered.py, so that it is held to Slack's limits: {missing}"
    assert not gone, f"no longer there; take it out of TABLE in tests/slack_rendered.py: {gone}"


def test_every_module_that_renders_is_looked_through():
    unknown = modules_that_render() - set(MODULES) - PIECES
    assert not unknown, f"add to MODULES in tests/slack_rendered.py, and their renderers to TABLE: {unknown}"


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("renderer", TABLE)
def test_what_is_made_of_hostile_content_is_sound(renderer, kind):
    for many in MANY:
        for made in TABLE[renderer](Content(kind, many)):
            for shape in shapes(made):
                assert faults_of(shape) == [], f"{many} of everything"


def test_what_is_made_of_the_shipped_guidance_is_sound(barnsley):
    seen = set()
    for renderer, made in shipped(barnsley):
        seen.add(renderer)
        for shape in shapes(made):
            assert faults_of(shape) == []
    assert seen >= {"render.reply", "render.card", "render.entries", "forms.answer", "forms.no_answer", "home.Home"}


@pytest.mark.parametrize("kind", [kind for kind in TEXTS if Content(kind, 0).filled(300).strip()])
def test_hostile_content_is_shown_and_not_left_out(kind):
    typed = Content(kind, 0).filled(300)
    assert squeezed(typed) in squeezed(read(render.note(typed).blocks))


def test_no_file_can_hold_half_a_character():
    """What people type loses them at the desk; Slack's answer to one is `invalid_json`."""
    with pytest.raises(ValidationError):
        Rule(text=TEXTS["half characters"])


def test_an_answer_in_a_form_says_all_that_the_message_says(barnsley):
    for full_id in barnsley.knowledge.entries:
        reply = show(full_id, Asked("", AT), barnsley)
        in_form = read(forms.answer(reply, None)["blocks"])
        said = [reply.entry.title[:140], *reply.entry.steps, *(rule.text for rule in reply.entry.must)]
        for text in said:
            assert words(text) <= words(in_form), full_id


def test_a_link_keeps_its_address_whatever_that_is_made_of():
    shown = render.mrkdwn("[a|b <!here>](https://x.org/a|b>c<d?e=1&f=2#g)")
    assert shown == "<https://x.org/a%7Cb%3Ec%3Cd?e=1&f=2#g|a|b &lt;!here&gt;>"


def test_a_link_that_no_section_holds_is_shown_as_text():
    label, address = "label " * 400, "https://x.org/" + "a" * 2500
    assert render.mrkdwn(f"[{label}]({address})") == f"{label.strip()} ({address})"


def read(blocks):
    """Every text of blocks, as people read it."""
    parts = [part for block in blocks for part in (block, *block.get("elements", []), *block.get("child_blocks", []))]
    texts = [part["text"] for part in parts if "text" in part]
    return html.unescape("\n".join(text["text"] if isinstance(text, dict) else text for text in texts))


def squeezed(text):
    return re.sub(r"\s+", "", text)


def words(text):
    return set(re.findall(r"\w+", re.sub(r"https?://[^\s)|>]+", " ", text)))


# The limits themselves: each holds, and one more breaks it


def plain(length):
    return {"type": "plain_text", "text": "x" * length, "emoji": False}


def mrkdwn(length):
    return {"type": "mrkdwn", "text": "x" * length}


def button(number=0, **more):
    return {"type": "button", "action_id": f"b{number}", "value": "v", "text": plain(5), **more}


def dialog(**more):
    return {"title": plain(5), "text": plain(5), "confirm": plain(5), "deny": plain(5), **more}


def options(count, text=5, value=5):
    return [{"text": plain(text), "value": f"{number:05}".ljust(value, "v")} for number in range(count)]


def menu(**more):
    return {"type": "static_select", "action_id": "m", "options": options(2), **more}


def feedback(**more):
    side = {"text": plain(5), "value": "v", **more}
    element = {"type": "feedback_buttons", "action_id": "f", "positive_button": side, "negative_button": side}
    return {"type": "context_actions", "elements": [element]}


def container(children=1, **more):
    divider = {"type": "divider"}
    return {"type": "container", "title": plain(5), "child_blocks": [divider] * children, **more}


def table(rows=2, columns=1, cell=1, **more):
    cells = [[{"type": "raw_text", "text": "x" * cell}] * columns for _ in range(rows)]
    return {"type": "data_table", "caption": "c", "rows": cells, **more}


def pie(segments=1, label=5, title=5, value=1):
    parts = [{"label": "x" * label, "value": value}] * segments
    return {"type": "data_visualization", "title": "t" * title, "chart": {"type": "pie", "segments": parts}}


def bars(series=1, name=5, points=2, label=5, axis=5):
    categories = [f"{number:02}".ljust(label, "x") for number in range(points)]
    data = [{"label": category, "value": -1.5} for category in categories]
    chart = {
        "type": "bar",
        "series": [{"name": str(number).ljust(name, "n"), "data": data} for number in range(series)],
        "axis_config": {"categories": categories, "x_label": "x" * axis},
    }
    return {"type": "data_visualization", "title": "t", "chart": chart}


def field(element=None, **more):
    typed = {"type": "plain_text_input", "action_id": "text", "max_length": 3000}
    return {"type": "input", "block_id": "b", "label": plain(5), "element": element or typed, **more}


def message(*blocks, text="text"):
    return {"text": text, "blocks": list(blocks)}


def modal(*blocks, **more):
    has_input = any(block["type"] == "input" for block in blocks)
    sent = {"submit": plain(5)} if has_input else {}
    return {"type": "modal", "callback_id": "c", "title": plain(5), "blocks": list(blocks), **sent, **more}


def home(*blocks):
    return {"type": "home", "blocks": list(blocks)}


def section(length=5):
    return {"type": "section", "text": mrkdwn(length)}


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def typed(**more):
    return field({"type": "plain_text_input", "action_id": "text", **more})


LIMITS = {
    "top-level text": (lambda n: message(text="x" * n), 1, 4000),
    "blocks of a message": (lambda n: message(*[section()] * n), 0, 50),
    "blocks of a modal": (lambda n: modal(*[section()] * n), 1, 100),
    "blocks of Home": (lambda n: home(*[section()] * n), 1, 100),
    "section": (lambda n: message(section(n)), 1, 3000),
    "header": (lambda n: message({"type": "header", "text": plain(n)}), 1, 150),
    "context": (lambda n: message({"type": "context", "elements": [mrkdwn(n)]}), 1, 2000),
    "context elements": (lambda n: message({"type": "context", "elements": [mrkdwn(5)] * n}), 1, 10),
    "a row of buttons": (lambda n: message(actions(*map(button, range(n)))), 1, 5),
    "button": (lambda n: message(actions(button(text=plain(n)))), 1, 75),
    "button's value": (lambda n: message(actions(button(value="v" * n))), 1, 2000),
    "action_id": (lambda n: message(actions(button(action_id="a" * n))), 1, 255),
    "block_id": (lambda n: message({**section(), "block_id": "b" * n}), 1, 255),
    "options": (lambda n: message(actions(menu(options=options(n)))), 1, 100),
    "option": (lambda n: message(actions(menu(options=options(1, text=n)))), 1, 75),
    "option's value": (lambda n: message(actions(menu(options=options(1, value=n)))), 5, 150),
    "placeholder": (lambda n: message(actions(menu(placeholder=plain(n)))), 1, 150),
    "radio buttons": (
        lambda n: modal(field({"type": "radio_buttons", "action_id": "r", "options": options(n)})),
        1,
        10,
    ),
    "max_length": (lambda n: modal(typed(max_length=n)), 1, 3000),
    "label": (lambda n: modal(field(label=plain(n))), 1, 2000),
    "hint": (lambda n: modal(field(hint=plain(n))), 1, 2000),
    "modal's title": (lambda n: modal(section(), title=plain(n)), 1, 24),
    "submit": (lambda n: modal(field(), submit=plain(n)), 1, 24),
    "close": (lambda n: modal(section(), close=plain(n)), 1, 24),
    "private_metadata": (lambda n: modal(section(), private_metadata="m" * n), 0, 3000),
    "callback_id": (lambda n: modal(section(), callback_id="c" * n), 1, 255),
    "alert": (lambda n: modal({"type": "alert", "level": "warning", "text": plain(n)}), 1, 200),
    "children": (lambda n: message(container(n)), 1, 10),
    "container's title": (lambda n: message(container(title=plain(n))), 1, 150),
    "container's subtitle": (lambda n: message(container(subtitle=mrkdwn(n))), 1, 150),
    "rows": (lambda n: message(table(rows=n)), 2, 101),
    "columns": (lambda n: message(table(columns=n)), 1, 20),
    "characters of cells": (lambda n: message(table(cell=n // 2)), 2, 10_000),
    "characters of two tables": (lambda n: message(table(cell=n // 4), table(cell=n // 4)), 4, 10_000),
    "page_size": (lambda n: message(table(page_size=n)), 1, 100),
    "row_header_column_index": (lambda n: message(table(columns=3, row_header_column_index=n)), 0, 2),
    "chart's title": (lambda n: message(pie(title=n)), 1, 50),
    "segments": (lambda n: message(pie(segments=n)), 1, 6),
    "segment's label": (lambda n: message(pie(label=n)), 1, 20),
    "series": (lambda n: message(bars(series=n)), 1, 6),
    "series' name": (lambda n: message(bars(name=n)), 1, 20),
    "points": (lambda n: message(bars(points=n)), 1, 20),
    "category": (lambda n: message(bars(label=n)), 2, 20),
    "axis": (lambda n: message(bars(axis=n)), 1, 50),
    "charts": (lambda n: message(*[pie()] * n), 0, 2),
    "feedback button": (lambda n: message(feedback(text=plain(n))), 1, 75),
    "feedback button's value": (lambda n: message(feedback(value="v" * n)), 1, 2000),
    "accessibility_label": (lambda n: message(feedback(accessibility_label="a" * n)), 1, 75),
}
NUMBERED = {"option's value", "category", "series' name"}
"""Made with a number in them, so that they are never shorter than that."""


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_holds_and_one_more_breaks_it(limit):
    make, least, most = LIMITS[limit]
    for within in (least, most):
        assert faults_of(make(within)) == []
    step = {"characters of cells": 2, "characters of two tables": 4}.get(limit, 1)
    assert faults_of(make(most + step))
    if least > 0 and limit not in NUMBERED:
        assert faults_of(make(least - step))


@pytest.mark.parametrize(
    "broken",
    [
        message(text=" \n"),
        {"blocks": [section()]},
        message({"type": "section"}),
        message({"type": "section", "text": plain(5) | {"text": " "}}),
        message({"type": "header", "text": mrkdwn(5)}),
        message({**section(), "block_id": "b"}, {**section(), "block_id": "b"}),
        message({**section(), "block_id": "b"}, container(child_blocks=[{**section(), "block_id": "b"}])),
        message(actions(button()), actions(button())),
        message(actions(menu(initial_option=options(3)[2]))),
        message(actions(menu(options=options(1) * 2))),
        message(actions(button(style="warning"))),
        message(actions(button(confirm=dialog(text=plain(301))))),
        message(actions({"type": "overflow", "action_id": "o", "options": options(2)})),
        message({"type": "alert", "text": plain(5)}),
        message({"type": "marquee", "text": plain(5)}),
        message(field()),
        modal(field({"type": "datepicker", "action_id": "d", "initial_date": "27 November"})),
        modal(field({"type": "datetimepicker", "action_id": "d", "initial_date_time": 20261127})),
        modal(field({"type": "users_select", "action_id": "u", "initial_user": ""})),
        modal(field(button())),
        message(container(child_blocks=[feedback()])),
        message(container(child_blocks=[pie()])),
        message(container(default_collapsed=True)),
        message(container(is_collapsible=True, has_header_divider=True)),
        message(container(width="huge")),
        message({key: value for key, value in container().items() if key != "title"}),
        message({key: value for key, value in table().items() if key != "caption"}),
        message(table(rows=2) | {"rows": [[{"type": "raw_text", "text": "x"}], []]}),
        message(table() | {"rows": [[{"type": "raw_number", "text": "1", "value": "1"}]] * 2}),
        message(pie(value=0)),
        message(pie() | {"chart": {"type": "doughnut", "segments": []}}),
        modal(container()),
        modal(table()),
        modal(feedback()),
        modal({"type": "alert", "level": "loud", "text": plain(5)}),
        {key: value for key, value in modal(field()).items() if key != "submit"},
        home({"type": "alert", "text": plain(5)}),
        {"type": "workflow_step", "blocks": [section()]},
    ],
)
def test_what_slack_would_refuse_is_a_fault(broken):
    assert faults_of(broken)


@pytest.mark.parametrize(
    "whole",
    [
        message(),
        message({"type": "divider"}, table(page_size=10, row_header_column_index=0), bars(series=6, points=20)),
        message(table() | {"rows": [[{"type": "raw_number", "text": "1", "value": 1.5}]] * 2}),
        message({**section(), "accessory": button()}, {**section(), "accessory": button()}),
        message({"type": "section", "fields": [mrkdwn(2000)] * 10}),
        message(container(is_collapsible=True, default_collapsed=True), container(has_header_divider=True)),
        message(
            actions(button(style="danger", confirm=dialog(), url="https://x.org"), menu(initial_option=options(2)[1]))
        ),
        modal(field({"type": "datepicker", "action_id": "d", "initial_date": "2026-11-27"})),
        modal(field({"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_795_000_000})),
        modal(field({"type": "users_select", "action_id": "u", "initial_user": "U0ANN"})),
        modal(section(), submit=plain(5)),
        home(section(), container(), table(), pie(), actions(button())),
    ],
)
def test_what_slack_takes_is_no_fault(whole):
    assert faults_of(whole) == []


def test_the_data_of_a_chart_are_those_of_its_categories():
    chart = bars(series=2)
    assert faults_of(message(chart)) == []
    for series in (0, 1):
        wrong = copy.deepcopy(chart)
        wrong["chart"]["series"][series]["data"] = wrong["chart"]["series"][series]["data"][:1]
        assert faults_of(message(wrong))


def test_no_more_prompts_are_suggested_than_slack_shows():
    assert faults_of_prompts([{}] * 4) == []
    assert faults_of_prompts([{}] * 5)


@pytest.mark.parametrize(
    "text",
    [
        "plain, with * marks _ and `code`",
        "R&amp;D &lt;!channel&gt;",
        "> quoted\n> quoted",
        "<tel:+441226772423|01226 772423>",
        "<mailto:a@example.org|a@example.org>",
        "<https://example.org/a?b=1&c=2#d>",
        "<https://example.org/a?b=1&c=2#d|R&amp;D, two|three>",
        "🚨 עברית \u202eabc",
    ],
)
def test_text_in_which_nothing_is_active_is_sound(text):
    assert faults_of_message({"text": text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "<!channel>",
        "<@U1>",
        "<#C1|general>",
        "<!subteam^S1|@leads>",
        "<!date^1392734382^{date}|x>",
        "<slack://open|x>",
        "<javascript:alert(1)|x>",
        "<https://example.org|two\nlines>",
        "<https://example.org|a <!here>>",
        "<https://example.org/a b|c>",
        "<https://example.org",
        "<tel:01226 772423|x>",
        "R&D",
        "&nbsp;",
        "&amp",
        "a > b",
        "half \ud83d",
    ],
)
def test_text_that_is_active_or_broken_is_a_fault(text):
    assert faults_of_message({"text": text})
    assert faults_of_message(message({"type": "section", "text": {"type": "mrkdwn", "text": text}}))
