"""`eval` and `identifiers`: what the bot does with questions, measured. Nothing is recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from bot.answering.evaluation import BadQuery
from bot.answering.evaluation import evaluate as results
from bot.answering.guidance import Guidance
from bot.answering.matching import calibrate
from bot.answering.matching.semantic import Encoder, NoModel
from bot.config import Settings
from bot.knowledge.loading import KnowledgeFault, layers_for, load
from bot.knowledge.model import KnowledgeBase
from bot.privacy import Guard
from handlers.command_line.shared import (
    Failed,
    at_option,
    first_of,
    json_option,
    knowledge_or_fail,
    moment,
    settings_or_fail,
)


@click.command("eval")
@click.option("--knowledge", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--queries", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to standard output.")
@click.option("--words-only", is_flag=True, help="Leave meaning out, as where the extra `semantic` is not installed.")
@at_option
def evaluate(folder: Path | None, queries: Path, out: Path | None, words_only: bool, at: str | None) -> None:
    """Measure the chat's own answering path on a file of questions; writes no database."""
    settings = settings_or_fail()
    when = moment(at, settings)
    guidance = guidance_for(folder, settings, words_only=words_only)
    try:
        with queries.open(encoding="utf-8") as lines, _target(out) as target:
            for result in results(lines, guidance, when):
                # Escaped, so that a question comes out as it came in, half characters and all.
                target.write(json.dumps(result) + "\n")
    except (BadQuery, UnicodeDecodeError) as error:
        raise Failed(f"{queries}: {error if isinstance(error, BadQuery) else 'is not UTF-8 text'}") from None
    except OSError as error:
        raise Failed(f"{out or queries}: {error.strerror}") from None


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8") as file:
        yield file


def guidance_for(folder: Path | None, settings: Settings, *, words_only: bool) -> Guidance:
    """The partnership's guidance, or that of any folder of topic files, with thresholds found from it alone."""
    knowledge = knowledge_or_fail(settings) if folder is None else _folder_or_fail(folder)
    encoder = None
    if not words_only:
        try:
            encoder = Encoder.installed(settings.semantic_model)
        except NoModel as error:
            click.echo(f"matching by words alone: {error}", err=True)
    cache = settings.data_dir if folder is None else None
    if not knowledge.partnership.agencies:
        # Not a partnership's knowledge: what was found for ours would be wrong for it.
        memory = calibrate.Remembering(encoder) if encoder else None
        small_talk = list(Guidance.of(knowledge).small_talk.values())
        found = calibrate.find(knowledge, small_talk, memory)
        return Guidance.of(knowledge, encoder=memory, thresholds=found)
    return Guidance.of(knowledge, encoder=encoder, cache=cache)


@click.command()
@click.argument("text", required=False)
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON lines.")
@json_option
def identifiers(text: str | None, path: Path | None, as_json: bool) -> None:
    """Say what the privacy guard finds in TEXT, or in each line's "text" of a file."""
    if (text is None) == (path is None):
        raise click.UsageError("give a text, or --file")
    settings = settings_or_fail()
    guard = Guard.for_knowledge(knowledge_or_fail(settings))
    texts = [text or ""] if path is None else _texts(path)
    for one in texts:
        found = guard.find(one)
        if as_json:
            items = [{"kind": f.kind.value, "start": f.start, "end": f.end} for f in found]
            click.echo(json.dumps({"found": items}))
        elif found:
            click.echo("; ".join(f"{f.kind.label}: {one[f.start : f.end]}" for f in found))
        else:
            click.echo("nothing that identifies a person")


def _folder_or_fail(folder: Path) -> KnowledgeBase:
    try:
        return load(layers_for(folder))
    except KnowledgeFault as fault:
        raise Failed(first_of(fault)) from None


def _texts(path: Path) -> list[str]:
    """The "text" of each line of a file of JSON lines."""
    try:
        lines = path.read_text("utf-8").split("\n")
        texts = [json.loads(line)["text"] for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError):
        texts = [None]
    if not all(isinstance(text, str) for text in texts):
        raise Failed(f'{path}: each line must be a JSON object with "text"')
    return texts
