"""`eval` and `identifiers`: what the bot does with questions, measured. Nothing is recorded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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
from handlers.command_line.shared import Failed, at_option, json_option, knowledge_or_fail, moment, settings_or_fail


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
    target = out.open("w", encoding="utf-8") if out else sys.stdout
    try:
        with queries.open(encoding="utf-8") as lines:
            for result in results(lines, guidance, when):
                target.write(json.dumps(result, ensure_ascii=False) + "\n")
    except BadQuery as error:
        raise Failed(f"{queries}: {error}") from None
    finally:
        if out:
            target.close()


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
    if path is None:
        texts = [text or ""]
    else:
        try:
            lines = path.read_text("utf-8").splitlines()
            texts = [json.loads(line)["text"] for line in lines if line.strip()]
        except (ValueError, KeyError, TypeError):
            raise Failed(f'{path}: each line must be a JSON object with "text"') from None
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
        raise Failed(str(fault)) from None
