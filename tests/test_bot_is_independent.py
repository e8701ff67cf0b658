"""Dependencies point one way: app, handlers, bot, libraries. No chat and no web in `bot/`, no SQL but in storage."""

import ast
import re
import subprocess
import sys

import pytest

from bot.config import ROOT

CHANNELS = {"slack_bolt", "slack_sdk", "starlette", "fastapi", "aiohttp", "uvicorn", "jinja2"}
BOT = sorted((ROOT / "bot").rglob("*.py"))
HANDLERS = sorted((ROOT / "handlers").rglob("*.py"))
SQL = re.compile(
    r"\b(?:SELECT\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|CREATE\s+(?:TABLE|INDEX|TRIGGER)\b|"
    r"DROP\s+TABLE\b|ALTER\s+TABLE\b|PRAGMA\s|BEGIN\s+IMMEDIATE\b)"
)


def name_of(path):
    return str(path.relative_to(ROOT))


def imported(source):
    """The modules that a source imports anywhere in it, also within functions and by name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            found.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__import__", "importlib.import_module"):
            found.update(arg.value for arg in node.args if isinstance(arg, ast.Constant))
    return found


def packages(source):
    return {module.partition(".")[0] for module in imported(source)}


def is_a_channel(package):
    return package in CHANNELS or package.startswith("slack")


def sql_in(source):
    """The strings of a source, pieces of f-strings among them, that hold SQL."""
    strings = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [text for text in strings if isinstance(text, str) and SQL.search(text)]


def test_there_is_something_to_look_at():
    assert len(BOT) > 20
    assert len(HANDLERS) > 2
    assert (ROOT / "app.py").is_file()


@pytest.mark.parametrize("path", BOT, ids=name_of)
def test_the_bot_imports_no_channel_no_web_framework_and_nothing_above_it(path):
    found = packages(path.read_text("utf-8"))
    assert not {package for package in found if is_a_channel(package)}
    assert not found & {"handlers", "app"}


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_handlers_do_not_import_the_program_that_wires_them(path):
    assert "app" not in packages(path.read_text("utf-8"))


def test_handlers_and_the_program_build_on_the_bot():
    used = set().union(*(packages(path.read_text("utf-8")) for path in HANDLERS))
    assert "bot" in used
    assert packages((ROOT / "app.py").read_text("utf-8")) >= {"bot", "handlers"}


@pytest.mark.parametrize("path", [*BOT, *HANDLERS, ROOT / "app.py"], ids=name_of)
def test_only_storage_holds_sql(path):
    found = sql_in(path.read_text("utf-8"))
    if path.is_relative_to(ROOT / "bot" / "storage"):
        return
    assert found == []


def test_storage_does_hold_sql():
    sources = [path.read_text("utf-8") for path in (ROOT / "bot" / "storage").glob("*.py")]
    assert sum(len(sql_in(source)) for source in sources) > 5


def test_all_of_the_bot_loads_without_any_channel_being_loaded():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in BOT
    ]  # fmt: skip
    program = (
        f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nprint(*sys.modules, sep='\\n')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "bot" in loaded
    assert not {package for package in loaded if is_a_channel(package)}
    assert not loaded & {"handlers", "app"}


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import slack_bolt", "slack_bolt"),
        ("import os, slack_sdk.web as web", "slack_sdk"),
        ("from starlette.responses import Response", "starlette"),
        ("def f():\n    from jinja2 import Template", "jinja2"),
        ("if x:\n    import aiohttp.web", "aiohttp"),
        ("import importlib\nimportlib.import_module('uvicorn')", "uvicorn"),
    ],
)
def test_an_import_is_seen_wherever_it_hides(source, package):
    assert any(is_a_channel(found) and found == package for found in packages(source))


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("x = 'SELECT * FROM t'", True),
        ("x = f'INSERT INTO {t} VALUES (1)'", True),
        ("x = 'INSERT OR IGNORE INTO t VALUES (1)'", True),
        ("def f():\n    '''UPDATE t SET a = 1'''", True),
        ("x = 'PRAGMA quick_check'", True),
        ("x = 'select one of these'", False),
        ("x = 'selected from the list'", False),
        ("# SELECT * FROM t", False),
    ],
)
def test_sql_is_told_from_prose(source, holds):
    assert bool(sql_in(source)) is holds
