"""What is rendered for Slack has the types that Slack publishes in npm's @slack/types, and no field beside them."""

import shutil
import subprocess
import sys

import pytest

from bot.config import ROOT

FOLDER = ROOT / "tests" / "slack_types"
TSC = FOLDER / "node_modules" / ".bin" / "tsc"


@pytest.fixture
def tsc():
    """The compiler; tests that need it are skipped, with the reason, where there is none."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not TSC.exists():
        pytest.skip("Slack's types are not installed; `make slack-types` installs them")
    return TSC


def test_what_is_rendered_has_the_types_that_slack_publishes(tsc):
    """refused.ts beside it proves that the types refuse what they should."""
    subprocess.run([sys.executable, "-m", "slack_types.render_all"], cwd=FOLDER.parent, check=True)
    checked = subprocess.run([tsc, "--pretty", "false"], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert checked.stdout == ""
    assert checked.returncode == 0


def test_the_lock_file_names_no_registry():
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "http" not in lock
