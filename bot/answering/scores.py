"""`make scores`: the figures of the question sets in a folder. `--calibrate` finds the thresholds and writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bot.answering.evaluation import evaluate
from bot.answering.guidance import Guidance
from bot.answering.matching import calibrate, thresholds
from bot.answering.matching.semantic import Encoder, NoModel
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.model import KnowledgeBase

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
QUESTIONS = ROOT / "tests" / "questions"
DEVELOPERS = "dev-*.jsonl"
"""The sets that thresholds may be found from. The others only measure, and must not be fitted to."""


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, path_type=Path), default=QUESTIONS)
@click.option(
    "--knowledge", "knowledge_dir", type=click.Path(exists=True, path_type=Path), default=ROOT / "knowledge"
)
@click.option("--partnership", default="barnsley", show_default=True)
@click.option("--calibrate", "calibrating", is_flag=True, help="Find the thresholds anew and write them down.")
def main(folder: Path, knowledge_dir: Path, partnership: str, calibrating: bool) -> None:
    """Print the figures, by words alone and, where it is installed, with meaning."""
    knowledge = load(layers_of(knowledge_dir, partnership))
    encoder = _encoder()
    if calibrating:
        _calibrate(knowledge, encoder, folder)
    for name, used in (("by words alone", None), ("with meaning", encoder)):
        if used is None and name == "with meaning":
            continue
        guidance = Guidance.of(knowledge, encoder=used)
        click.echo(f"\n{name}")
        for line in figures(folder, guidance):
            click.echo(f"  {line}")


def figures(folder: Path, guidance: Guidance) -> list[str]:
    """One line a figure, for each set that the folder holds."""
    lines = []
    for path in sorted(folder.glob("*.jsonl")):
        items = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        if "expect" in items[0]:
            lines += _matching(path.stem, items, guidance)
        elif "emergency" in items[0]:
            lines += _alarm(path.stem, items, guidance)
        elif "identifying" in items[0]:
            lines += _identifiers(path.stem, items, guidance)
    return lines


def _matching(name: str, items: list[dict[str, Any]], guidance: Guidance) -> list[str]:
    known = guidance.knowledge.entries
    inside = [i for i in items if i["expect"] and any(full_id in known for full_id in i["expect"])]
    outside = [i for i in items if i["expect"] is None]
    lines = []
    if inside:
        results = list(evaluate([json.dumps({"text": i["text"]}) for i in inside], guidance, AT))
        first = [r["shown"][:1] and r["shown"][0] in i["expect"] for i, r in zip(inside, results, strict=True)]
        among = [bool(set(r["shown"]) & set(i["expect"])) for i, r in zip(inside, results, strict=True)]
        alarms = [r["emergency"] for r in results]
        lines.append(
            f"{name}: {len(inside)} in scope: right entry first {_share(first)}, among those shown {_share(among)}, "
            f"with the emergency card {_share(alarms)}"
        )
    if outside:
        results = list(evaluate([json.dumps({"text": i["text"]}) for i in outside], guidance, AT))
        lines.append(
            f"{name}: {len(outside)} out of scope: answered {_share([r['answer_id'] for r in results])}, "
            f"anything shown {_share([r['shown'] for r in results])}"
        )
    return lines


def _alarm(name: str, items: list[dict[str, Any]], guidance: Guidance) -> list[str]:
    results = list(evaluate([json.dumps({"text": i["text"]}) for i in items], guidance, AT))
    found = [r["emergency"] for i, r in zip(items, results, strict=True) if i["emergency"]]
    false = [r["emergency"] for i, r in zip(items, results, strict=True) if not i["emergency"]]
    return [f"{name}: emergencies found {_share(found)}, false alarms {_share(false)}"]


def _identifiers(name: str, items: list[dict[str, Any]], guidance: Guidance) -> list[str]:
    found = [bool(guidance.guard.find(i["text"])) for i in items if i["identifying"]]
    false = [bool(guidance.guard.find(i["text"])) for i in items if not i["identifying"]]
    return [f"{name}: identifiers found {_share(found)}, false {_share(false)}"]


def _share(values: Sequence[object]) -> str:
    hits = sum(bool(value) for value in values)
    return f"{hits}/{len(values)} = {hits / max(1, len(values)):.1%}"


def _calibrate(knowledge: KnowledgeBase, encoder: Encoder | None, folder: Path) -> None:
    if encoder is None:
        raise click.ClickException("the extra `semantic` is needed to find both sets of thresholds")
    items = [json.loads(line) for path in folder.glob(DEVELOPERS) for line in path.read_text("utf-8").splitlines()]
    questions = [
        calibrate.Question(item["text"], frozenset(item["expect"] or ()))
        for item in items
        if "expect" in item and (item["expect"] is None or not knowledge.entries.keys().isdisjoint(item["expect"]))
    ]
    small_talk = list(Guidance.of(knowledge).small_talk.values())
    words, meaning = (calibrate.find(knowledge, small_talk, used, questions) for used in (None, encoder))
    thresholds.write(words, meaning)
    click.echo(f"{thresholds.FILE.name}: words {words}, meaning {meaning}")


def _encoder() -> Encoder | None:
    try:
        return Encoder.installed()
    except NoModel as error:
        click.echo(f"by words alone: {error}")
        return None


if __name__ == "__main__":
    main()
