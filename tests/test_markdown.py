"""The Markdown subset of entries: paragraphs, lists, bold and links become blocks; all else stays as typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.loading import layers_of, load
from bot.knowledge.markdown import Block, BlockKind, Span, parse, plain, spans


def paragraph(*runs):
    return Block(BlockKind.PARAGRAPH, (tuple(run if isinstance(run, Span) else Span(run) for run in runs),))


def bullets(*items):
    return Block(BlockKind.BULLETS, tuple((Span(item),) for item in items))


def numbers(*items):
    return Block(BlockKind.NUMBERS, tuple((Span(item),) for item in items))


@pytest.mark.parametrize("text", ["", " ", "\n", " \n\t\n"])
def test_a_text_without_words_has_no_blocks(text):
    assert parse(text) == []
    assert plain(text) == ""


def test_the_lines_of_a_paragraph_are_joined_and_an_empty_line_ends_it():
    assert parse("Ring the\n  front door. \n\n\nThen write.\n") == [
        paragraph("Ring the front door."),
        paragraph("Then write."),
    ]


@pytest.mark.parametrize("mark", ["-", "*"])
def test_lines_that_begin_with_a_hyphen_or_a_star_are_a_list(mark):
    assert parse(f"{mark} Look.\n{mark}  Ask.\n") == [bullets("Look.", "Ask.")]


@pytest.mark.parametrize("form", ["{}. ", "{}) "])
def test_lines_that_begin_with_a_number_are_a_numbered_list(form):
    text = "".join(f"{form.format(n)}Step\n" for n in range(1, 13))

    assert parse(text) == [numbers(*["Step"] * 12)]


def test_a_list_may_follow_a_paragraph_without_an_empty_line():
    assert parse("Often these are:\n- one\n- two") == [paragraph("Often these are:"), bullets("one", "two")]


def test_an_indented_line_goes_on_with_the_item_above_and_another_line_ends_the_list():
    assert parse("- ring the\n  front door\n- write\nThen wait.") == [
        bullets("ring the front door", "write"),
        paragraph("Then wait."),
    ]


def test_a_list_of_another_kind_begins_a_list_of_its_own():
    assert parse("1. Look.\n2. Ask.\n- Or ring.") == [numbers("Look.", "Ask."), bullets("Or ring.")]


@pytest.mark.parametrize(
    "line", ["-5 degrees", "-", "*", "3.5 weeks", "100. hundred", "2026. A year", "# Head", "> said"]
)
def test_what_only_looks_like_a_mark_stays_as_typed(line):
    assert parse(line) == [paragraph(line)]


@pytest.mark.parametrize("line", ["18. Ask first.", "16) Ask first.", "1. One area found that it helps."])
def test_a_sentence_that_is_wrapped_before_a_number_stays_one_paragraph(line):
    assert parse(f"It may take five days after stage\n{line}\nThen ring.") == [
        paragraph(f"It may take five days after stage {line} Then ring.")
    ]


# Bold and links


def test_bold_and_links_are_runs_of_their_own():
    assert spans("If so, **ring 999** or read [the page](https://example.org/a?b=c).") == (
        Span("If so, "),
        Span("ring 999", bold=True),
        Span(" or read "),
        Span("the page", url="https://example.org/a?b=c"),
        Span("."),
    )


def test_runs_beside_each_other_have_nothing_between_them():
    assert spans("**a****b**[c](http://d.org)") == (
        Span("a", bold=True),
        Span("b", bold=True),
        Span("c", url="http://d.org"),
    )


def test_bold_that_is_wrapped_over_two_lines_stays_bold():
    assert parse("**ring\n999** now") == [paragraph(Span("ring 999", bold=True), " now")]


@pytest.mark.parametrize(
    "text",
    [
        "**never closed",
        "****",
        "a * b * c",
        "*one star*",
        "__under__",
        "`code`",
        "[a](javascript:alert)",
        "[a](data:text/html,x)",
        "[a](/relative)",
        "[a] (https://example.org)",
        "[](https://example.org)",
        "[a](https://exa mple.org)",
        "![a](ftp://example.org)",
        "<b>bold</b> & <script>",
    ],
)
def test_what_is_not_of_the_subset_stays_as_typed(text):
    assert spans(text) == (Span(text),)


def test_a_mark_inside_bold_is_not_read_again():
    assert spans("**see [a](https://b.org)**") == (Span("see [a](https://b.org)", bold=True),)


# Plain text


def test_the_plain_text_has_its_marks_taken_out_its_addresses_written_and_its_items_counted():
    text = "**Ring 999.**\n\n1. Look.\n1. [Write](https://example.org).\n\n- Or ask.\n"

    assert plain(text) == "Ring 999.\n\n1. Look.\n2. Write (https://example.org).\n\n• Or ask."


# For every text

WORD = st.text("abcdefgh", min_size=1, max_size=6)
WORDS = st.lists(WORD, min_size=1, max_size=4).map(" ".join)
RUN = (
    st.builds(Span, WORDS)
    | st.builds(Span, WORDS, bold=st.just(True))
    | st.builds(Span, WORDS, url=WORD.map(lambda word: f"https://{word}.org/{word}"))
)
KIND = st.sampled_from(BlockKind)


def runs(min_size):
    """Runs with plain words between any two of them, as people write."""
    return st.lists(RUN, min_size=min_size, max_size=4).map(
        lambda found: tuple(
            span for i, run in enumerate(found) for span in ((Span(" and "), run) if i else (run,)) if span.text
        )
    ).map(joined)  # fmt: skip


def joined(found):
    """Neighbours without a mark made one, as parsing gives them."""
    result = []
    for span in found:
        if result and not (result[-1].bold or result[-1].url or span.bold or span.url):
            result[-1] = Span(result[-1].text + span.text)
        else:
            result.append(span)
    return tuple(result)


BLOCK = st.one_of(
    st.builds(Block, st.just(BlockKind.PARAGRAPH), st.tuples(runs(1))),
    st.builds(
        Block,
        st.sampled_from([BlockKind.BULLETS, BlockKind.NUMBERS]),
        st.lists(runs(1), min_size=1, max_size=4).map(tuple),
    ),
)


def written(block):
    """A block as an editor types it."""
    lines = []
    for number, item in enumerate(block.items, 1):
        text = "".join(f"**{s.text}**" if s.bold else f"[{s.text}]({s.url})" if s.url else s.text for s in item)
        mark = {BlockKind.BULLETS: "- ", BlockKind.NUMBERS: f"{number}. "}.get(block.kind, "")
        lines.append(mark + text)
    return "\n".join(lines)


@settings(deadline=None, max_examples=200)
@given(blocks=st.lists(BLOCK, max_size=4))
def test_what_is_written_as_blocks_is_read_as_the_same_blocks(blocks):
    assert parse("\n\n".join(written(block) for block in blocks)) == blocks


@settings(deadline=None, max_examples=300)
@given(text=st.text("ab 1.-*[]()\n", max_size=60) | st.text(max_size=60))
def test_no_letter_of_any_text_is_lost_or_moved(text):
    assert [c for c in plain(text) if c.isalpha()] == [c for c in text if c.isalpha()]


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=60))
def test_every_link_leads_to_the_web(text):
    links = [span.url for span in spans(f"[x]({text}) [y](https://example.org/) {text}") if span.url is not None]

    assert links
    assert all(link.startswith(("https://", "http://")) for link in links)


def test_every_list_of_the_shipped_answers_is_one_that_its_editor_wrote(request):
    knowledge = load(layers_of(request.config.rootpath / "knowledge", "barnsley"))

    for entry in knowledge.entries.values():
        for block in parse(entry.answer):
            assert block.items
            assert all(item for item in block.items), entry.full_id
            if block.kind is BlockKind.NUMBERS:
                assert len(block.items) > 1, f"{entry.full_id}: a numbered list of one"
