"""What Slack takes: its published limits, and that nothing a person typed becomes active.

`faults_of_message` and `faults_of_view` say what Slack would refuse, or show broken. A kind of block or element that
no limits are known for is a fault too: whoever sends it first writes its limits here.
https://docs.slack.dev/reference/block-kit/blocks, read in November 2026. Where later pages allow more (tables of 201
rows and 20,000 characters, charts of 12 series), the older and smaller limit stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

BLOCKS_OF_MESSAGE, BLOCKS_OF_VIEW = 50, 100
TEXT_OF_MESSAGE = 4000
TEXT, FIELD, CONTEXT, HEADER, ALERT = 3000, 2000, 2000, 150, 200
BUTTON, VALUE, ADDRESS, ACCESSIBLE = 75, 2000, 3000, 75
OPTION, OPTION_VALUE, PLACEHOLDER = 75, 150, 150
LABEL, HINT, TYPED = 2000, 2000, 3000
NAME = 255
"""Of an action_id, a block_id and a callback_id."""
VIEW_TITLE, METADATA = 24, 3000
ACTIONS, A_ROW = 25, 5
"""Slack takes 25 elements; on a telephone more than five in a row cannot be told apart."""
CHILDREN = 10
ROWS, COLUMNS, CELLS, PAGE = 101, 20, 10_000, 100
CHARTS, PARTS, POINTS, CHART_TITLE, CHART_LABEL = 2, 6, 20, 50, 20
PROMPTS = 4

EVERYWHERE = frozenset({"actions", "context", "divider", "header", "input", "section"})
BLOCKS = {
    "message": (EVERYWHERE - {"input"}) | {"container", "context_actions", "data_table", "data_visualization"},
    "home": EVERYWHERE | {"container", "data_table", "data_visualization"},
    "modal": EVERYWHERE | {"alert"},
    "container": EVERYWHERE - {"input"},
}
"""Which blocks may stand where, of those that we send."""
ELEMENTS = {
    "actions": {"button", "static_select"},
    "context_actions": {"feedback_buttons"},
    "section": {"button", "static_select"},
    "input": {
        "plain_text_input",
        "static_select",
        "radio_buttons",
        "datepicker",
        "datetimepicker",
        "users_select",
        "checkboxes",
        "multi_static_select",
        "timepicker",
    },
}

_LINK = r"<(?:@[UW][A-Z0-9]{5,}+|tel:[+\d]++|mailto:[^<>|\s]++|https?://[^<>|\s]++)(?:\|(?:[^<>&\n]++|&(?:amp|lt|gt);)++)?+>"
WHOLE = re.compile(rf"(?:[^<>&]++|(?<![^\n])>|&(?:amp|lt|gt);|{_LINK})*+")
"""Text in which nothing is active but links, the mention of one person and marks of quoting.

No escape or link is cut in two in it.
"""
_HALF = re.compile("[\ud800-\udfff]")

Shape = dict[str, Any]
Faults = Iterator[str]


def faults_of_message(arguments: Shape) -> list[str]:
    """Of what `chat.postMessage`, `chat.postEphemeral` or a response address is sent."""
    blocks = arguments.get("blocks", [])
    return [
        *_mrkdwn("text", arguments.get("text"), TEXT_OF_MESSAGE),
        *([f"{len(blocks)} blocks"] if len(blocks) > BLOCKS_OF_MESSAGE else []),
        *_blocks(blocks, "message"),
    ]


def faults_of_view(view: Shape) -> list[str]:
    """Of a modal or of Home."""
    kind, blocks = view.get("type"), view.get("blocks", [])
    if kind not in ("modal", "home"):
        return [f"a view of type {kind}"]
    return [
        *_count("blocks", blocks, BLOCKS_OF_VIEW),
        *_blocks(blocks, kind),
        *(_modal(view) if kind == "modal" else ()),
        *_string("private_metadata", view.get("private_metadata", ""), METADATA, least=0),
    ]


def faults_of_prompts(prompts: list[Shape]) -> list[str]:
    """Of `assistant.threads.setSuggestedPrompts`."""
    return list(_count("prompts", prompts, PROMPTS))


def _modal(view: Shape) -> Faults:
    if "submit" not in view and any(block.get("type") == "input" for block in view.get("blocks", ())):
        yield "a form without a button that sends it"
    yield from _text("title", view.get("title"), VIEW_TITLE, plain=True)
    for name in ("submit", "close"):
        if name in view:
            yield from _text(name, view[name], VIEW_TITLE, plain=True)
    yield from _string("callback_id", view.get("callback_id"), NAME)


# Blocks


def _blocks(blocks: list[Shape], surface: str) -> Faults:
    for number, block in enumerate(blocks):
        yield from _block(f"blocks[{number}]", block, surface)
    nested = list(chain.from_iterable((block, *block.get("child_blocks", ())) for block in blocks))
    yield from _once("block_id", [block["block_id"] for block in nested if "block_id" in block])
    # Slack asks it of one block; here each press of a row's button is told from another in the whole message.
    elements = chain.from_iterable(block.get("elements", ()) for block in nested)
    yield from _once("action_id", [element["action_id"] for element in elements if "action_id" in element])
    charts = [block for block in nested if block.get("type") == "data_visualization"]
    if len(charts) > CHARTS:
        yield f"{len(charts)} charts"
    cells = sum(_characters(block.get("rows")) for block in nested if block.get("type") == "data_table")
    if cells > CELLS:
        yield f"{cells} characters in tables"


def _block(at: str, block: Shape, surface: str) -> Faults:
    kind = block.get("type")
    if kind not in BLOCKS[surface]:
        yield f"{at}: a block of type {kind} in a {surface}"
        return
    at = f"{at} {kind}"
    if "block_id" in block:
        yield from _string(f"{at}: block_id", block["block_id"], NAME)
    if kind != "divider":
        yield from _KINDS[kind](at, block)


def _section(at: str, block: Shape) -> Faults:
    if "text" not in block and "fields" not in block:
        yield f"{at} is empty"
    if "text" in block:
        yield from _text(at, block["text"], TEXT)
    if "fields" in block:
        yield from _count(f"{at}: fields", block["fields"], 10)
        for field in block["fields"]:
            yield from _text(f"{at}: field", field, FIELD)
    if "accessory" in block:
        yield from _element(at, block["accessory"], "section")


def _header(at: str, block: Shape) -> Faults:
    yield from _text(at, block.get("text"), HEADER, plain=True)


def _context(at: str, block: Shape) -> Faults:
    yield from _count(at, block.get("elements"), 10)
    for element in block.get("elements", ()):
        yield from _text(at, element, CONTEXT)


def _actions(at: str, block: Shape) -> Faults:
    yield from _count(at, block.get("elements"), min(ACTIONS, A_ROW))
    for element in block.get("elements", ()):
        yield from _element(at, element, "actions")


def _context_actions(at: str, block: Shape) -> Faults:
    yield from _count(at, block.get("elements"), 5)
    for element in block.get("elements", ()):
        yield from _element(at, element, "context_actions")


def _input(at: str, block: Shape) -> Faults:
    yield from _text(f"{at}: label", block.get("label"), LABEL, plain=True)
    if "hint" in block:
        yield from _text(f"{at}: hint", block["hint"], HINT, plain=True)
    yield from _element(at, block.get("element", {}), "input")


def _alert(at: str, block: Shape) -> Faults:
    yield from _text(at, block.get("text"), ALERT)
    yield from _one_of(f"{at}: level", block.get("level", "default"), "default info warning error success")


def _container(at: str, block: Shape) -> Faults:
    """Fields: title (or rich_text_title), subtitle, child_blocks, width, icon, is_collapsible, default_collapsed,
    has_header_divider."""
    yield from _text(f"{at}: title", block.get("title"), HEADER, plain=True)
    if "subtitle" in block:
        yield from _text(f"{at}: subtitle", block["subtitle"], HEADER)
    yield from _one_of(f"{at}: width", block.get("width", "standard"), "narrow standard wide full")
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield f"{at} starts folded and cannot be opened"
    if block.get("has_header_divider") and block.get("is_collapsible"):
        yield f"{at}: only one that cannot be folded has a divider"
    yield from _count(f"{at}: child_blocks", block.get("child_blocks"), CHILDREN)
    for number, child in enumerate(block.get("child_blocks", ())):
        yield from _block(f"{at}[{number}]", child, "container")


def _data_table(at: str, block: Shape) -> Faults:
    """Fields: caption, rows (of cells raw_text {text} or raw_number {value, text}; the first row is the header),
    page_size, row_header_column_index."""
    yield from _string(f"{at}: caption", block.get("caption"), TEXT)
    rows = block.get("rows", [])
    yield from _count(f"{at}: rows", rows, ROWS, least=2)
    if len({len(row) for row in rows}) > 1:
        yield f"{at}: rows of different lengths"
    for row in rows:
        yield from _count(f"{at}: columns", row, COLUMNS)
        for cell in row:
            yield from _one_of(f"{at}: cell", cell.get("type"), "raw_text raw_number")
            yield from _string(f"{at}: cell", cell.get("text"), CELLS)
            if cell.get("type") == "raw_number":
                yield from _number(f"{at}: cell", cell.get("value"))
    if not 1 <= block.get("page_size", 5) <= PAGE:
        yield f"{at}: page_size {block['page_size']}"
    header = block.get("row_header_column_index", 0)
    if rows and not 0 <= header < len(rows[0]):
        yield f"{at}: row_header_column_index {header}"


def _data_visualization(at: str, block: Shape) -> Faults:
    """Fields: title, chart: a pie of segments {label, value}, or a bar, line or area chart of series
    {name, data: [{label, value}]} and axis_config {categories, x_label, y_label}."""
    yield from _string(f"{at}: title", block.get("title"), CHART_TITLE)
    chart = block.get("chart", {})
    kind = chart.get("type")
    yield from _one_of(f"{at}: chart", kind, "pie bar line area")
    if kind == "pie":
        yield from _count(f"{at}: segments", chart.get("segments"), PARTS)
        for segment in chart.get("segments", ()):
            yield from _point(f"{at}: segment", segment)
            if not segment.get("value", 0) > 0:
                yield f"{at}: a segment of {segment.get('value')}"
        return
    yield from _series(at, chart)


def _series(at: str, chart: Shape) -> Faults:
    series, axes = chart.get("series", []), chart.get("axis_config", {})
    categories = axes.get("categories", [])
    yield from _count(f"{at}: series", series, PARTS)
    yield from _count(f"{at}: categories", categories, POINTS)
    yield from _once(f"{at}: series", [one.get("name") for one in series])
    yield from _once(f"{at}: category", categories)
    for category in categories:
        yield from _string(f"{at}: category", category, CHART_LABEL)
    for name in ("x_label", "y_label"):
        if name in axes:
            yield from _string(f"{at}: {name}", axes[name], CHART_TITLE)
    for one in series:
        yield from _string(f"{at}: name", one.get("name"), CHART_LABEL)
        if [point.get("label") for point in one.get("data", ())] != categories:
            yield f"{at}: the data of {one.get('name')!r} are not those of the categories"
        for point in one.get("data", ()):
            yield from _point(f"{at}: point", point)


def _point(at: str, point: Shape) -> Faults:
    yield from _string(at, point.get("label"), CHART_LABEL)
    yield from _number(at, point.get("value"))


_KINDS = {
    "actions": _actions,
    "alert": _alert,
    "container": _container,
    "context": _context,
    "context_actions": _context_actions,
    "data_table": _data_table,
    "data_visualization": _data_visualization,
    "header": _header,
    "input": _input,
    "section": _section,
}


# Elements


def _element(at: str, element: Shape, block: str) -> Faults:
    kind = element.get("type")
    if kind not in ELEMENTS[block]:
        yield f"{at}: an element of type {kind}"
        return
    at = f"{at}: {kind}"
    yield from _string(f"{at}: action_id", element.get("action_id"), NAME)
    if "placeholder" in element:
        yield from _text(f"{at}: placeholder", element["placeholder"], PLACEHOLDER, plain=True)
    if "confirm" in element:
        yield from _confirm(f"{at}: confirm", element["confirm"])
    yield from _ELEMENTS[kind](at, element)


def _button(at: str, element: Shape) -> Faults:
    yield from _text(at, element.get("text"), BUTTON, plain=True)
    for name, most in (("value", VALUE), ("url", ADDRESS), ("accessibility_label", ACCESSIBLE)):
        if name in element:
            yield from _string(f"{at}: {name}", element[name], most)
    if "style" in element:
        yield from _one_of(f"{at}: style", element["style"], "primary danger")


def _confirm(at: str, dialog: Shape) -> Faults:
    for name, most in (("title", 100), ("confirm", 30), ("deny", 30)):
        yield from _text(f"{at}: {name}", dialog.get(name), most, plain=True)
    yield from _text(f"{at}: text", dialog.get("text"), 300)


def _feedback_buttons(at: str, element: Shape) -> Faults:
    for name in ("positive_button", "negative_button"):
        side = element.get(name, {})
        yield from _text(f"{at}: {name}", side.get("text"), BUTTON, plain=True)
        yield from _string(f"{at}: {name}: value", side.get("value"), VALUE)
        if "accessibility_label" in side:
            yield from _string(f"{at}: {name}: accessibility_label", side["accessibility_label"], ACCESSIBLE)


def _static_select(at: str, element: Shape) -> Faults:
    yield from _options(at, element, 100)


def _radio_buttons(at: str, element: Shape) -> Faults:
    yield from _options(at, element, 10)


def _options(at: str, element: Shape, most: int) -> Faults:
    options = element.get("options", [])
    yield from _count(f"{at}: options", options, most)
    for option in options:
        yield from _text(f"{at}: option", option.get("text"), OPTION, plain=True)
        yield from _string(f"{at}: option: value", option.get("value"), OPTION_VALUE)
    yield from _once(f"{at}: option", [option.get("value") for option in options])
    if "initial_option" in element and element["initial_option"] not in options:
        yield f"{at}: initial_option is none of the options"
    if "initial_options" in element:
        yield from _count(f"{at}: initial_options", element["initial_options"], most)
        if any(option not in options for option in element["initial_options"]):
            yield f"{at}: an initial option is none of the options"


def _plain_text_input(at: str, element: Shape) -> Faults:
    if not 1 <= element.get("max_length", TYPED) <= TYPED:
        yield f"{at}: max_length {element['max_length']}"
    if "initial_value" in element:
        most = element.get("max_length", TYPED)
        yield from _string(f"{at}: initial_value", element["initial_value"], most, least=0)


def _datepicker(at: str, element: Shape) -> Faults:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", element.get("initial_date", "2026-11-27")):
        yield f"{at}: initial_date {element['initial_date']}"


def _timepicker(at: str, element: Shape) -> Faults:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", element.get("initial_time", "09:00")):
        yield f"{at}: initial_time {element['initial_time']}"


def _users_select(at: str, element: Shape) -> Faults:
    if "initial_user" in element:
        yield from _string(f"{at}: initial_user", element["initial_user"], NAME)


def _datetimepicker(at: str, element: Shape) -> Faults:
    if not 1_000_000_000 <= element.get("initial_date_time", 1_000_000_000) <= 9_999_999_999:
        yield f"{at}: initial_date_time {element['initial_date_time']}"


_ELEMENTS = {
    "button": _button,
    "checkboxes": _radio_buttons,
    "multi_static_select": _static_select,
    "timepicker": _timepicker,
    "datepicker": _datepicker,
    "datetimepicker": _datetimepicker,
    "feedback_buttons": _feedback_buttons,
    "plain_text_input": _plain_text_input,
    "radio_buttons": _radio_buttons,
    "static_select": _static_select,
    "users_select": _users_select,
}


# Texts, counts, numbers


def _text(at: str, text: Any, most: int, *, plain: bool = False) -> Faults:
    """A text object. Only in `mrkdwn` can anything become active."""
    if not isinstance(text, dict) or text.get("type") not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        yield f"{at} is no {'plain ' if plain else ''}text: {text!r}"
    elif text["type"] == "mrkdwn":
        yield from _mrkdwn(at, text.get("text"), most)
    else:
        yield from _string(at, text.get("text"), most)


def _mrkdwn(at: str, text: Any, most: int) -> Faults:
    yield from _string(at, text, most)
    whole = WHOLE.match(text).end() if isinstance(text, str) else 0
    if isinstance(text, str) and whole != len(text):
        yield f"{at} is broken or active at {whole}: {text[max(0, whole - 30) : whole + 30]!r}"


def _string(at: str, text: Any, most: int, *, least: int = 1) -> Faults:
    if not isinstance(text, str):
        yield f"{at} is no string: {text!r}"
        return
    if not least <= len(text) <= most:
        yield f"{at}: {len(text)} characters"
    elif least and not text.strip():
        yield f"{at} is blank"
    if _HALF.search(text):
        yield f"{at} holds half a character"


def _count(what: str, listed: Any, most: int, *, least: int = 1) -> Faults:
    if not isinstance(listed, list) or not least <= len(listed) <= most:
        yield f"{what}: {len(listed) if isinstance(listed, list) else listed!r}"


def _once(what: str, names: list[Any]) -> Faults:
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        yield f"{what} twice: {twice}"


def _one_of(what: str, value: Any, values: str) -> Faults:
    if value not in values.split():
        yield f"{what}: {value!r}"


def _number(what: str, value: Any) -> Faults:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{what} is no number: {value!r}"


def _characters(rows: Any) -> int:
    return sum(len(str(cell.get("text", ""))) for row in rows or () for cell in row)
