"""Compiles `names.tsv` from maintained lists: `make names`. A developer's command, not part of the running bot.

Given names and surnames come from the `faker` package (MIT licence), for the languages that families in England
speak, and from `more_names.txt`. A name that is also an ordinary English word is marked, so that "Mark" asks for
more evidence than "Callum". The word list is the system's (`wbritish` on Debian).
"""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import click

HERE = Path(__file__).parent
LANGUAGES = [
    "en_GB",
    "en_IE",
    "en_US",
    "en",
    "en_IN",
    "en_PK",
    "en_NG",
    "en_KE",
    "en_NZ",
    "ga_IE",
    "pl_PL",
    "ro_RO",
    "lt_LT",
    "lv_LV",
    "sk_SK",
    "cs_CZ",
    "hu_HU",
    "pt_PT",
    "es_ES",
    "it_IT",
    "fr_FR",
    "de_DE",
    "tr_TR",
    "nl_NL",
    "yo_NG",
    "ig_NG",
    "ha_NG",
    "sw",
    "zu_ZA",
    "az_AZ",
    "hr_HR",
    "et_EE",
    "id_ID",
    "vi_VN",
    "tw_GH",
]


@click.command(help=__doc__)
@click.option(
    "--words", type=click.Path(exists=True, path_type=Path), default=Path("/usr/share/dict/british-english")
)
def main(words: Path) -> None:
    """Write names.tsv: name, then g (given name), s (surname), w (also an ordinary word)."""
    given: set[str] = set()
    surnames: set[str] = set()
    for language in LANGUAGES:
        provider = importlib.import_module(f"faker.providers.person.{language}").Provider
        for attribute in dir(provider):
            values = getattr(provider, attribute)
            if isinstance(values, list | tuple | dict):
                target = given if "first_name" in attribute else surnames if "last_name" in attribute else set()
                target.update(_parts(value for value in values if isinstance(value, str)))
    extra = (HERE / "more_names.txt").read_text("utf-8").splitlines()
    given.update(_parts(line for line in extra if not line.startswith("#")))
    ordinary = {word for word in words.read_text("utf-8").splitlines() if word.islower() and "'" not in word}
    with (HERE / "names.tsv").open("w", encoding="ascii") as file:
        for name in sorted(given | surnames):
            flags = "g" * (name in given) + "s" * (name in surnames) + "w" * (name in ordinary)
            file.write(f"{name}\t{flags}\n")
    click.echo(f"names.tsv: {len(given)} given names, {len(surnames)} surnames")


def _parts(names: Iterable[str]) -> set[str]:
    parts: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFKD", name.lower())
        plain = "".join(c for c in folded if not unicodedata.combining(c)).replace("'", "").replace("’", "")
        parts.update(part for part in plain.replace("-", " ").split() if part.isascii() and part.isalpha())
    return {part for part in parts if len(part) >= 3}


if __name__ == "__main__":
    main()
