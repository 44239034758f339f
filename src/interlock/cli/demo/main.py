"""The command `interlock demo`."""

from pathlib import Path

import click

from interlock.cli.demo.auditing import tell_audit
from interlock.cli.demo.model import SHIPPED
from interlock.cli.demo.repository import require_git
from interlock.cli.demo.story import tell
from interlock.cli.demo.workspace import new_workspace
from interlock.cli.terminal.options import example
from interlock.errors import UsageError

RELEASE, AUDIT = "release", "audit"
FILES = ("first.yaml", "second.yaml", "checks.yaml")


@click.command("demo", epilog=example("interlock demo", "interlock demo audit"))
@click.argument("story", type=click.Choice((RELEASE, AUDIT)), default=RELEASE)
@click.option("--folder", metavar="FOLDER", help="Where to work; a temporary folder unless told.")
@click.option(
    "--answers", metavar="FOLDER", help=f"Your own {', '.join(FILES)} in place of the shipped ones."
)
def main(story: str, *, folder: str | None, answers: str | None) -> int:
    """See an agent release a real project: planned, checked, run, killed, resumed, replayed.

    With `audit`, see what an agent did proved to somebody who was not there: a receipt, its check
    by two verifiers, and a copy that was tampered with.

    The plan comes from a model when OPENAI_BASE_URL or OPENAI_API_KEY is set (INTERLOCK_MODEL names
    the model), else from files that are shipped with the demo. All that the demo does stays in one
    folder, which it leaves for you to look at.
    """
    if story == AUDIT:
        return tell_audit(folder)
    require_git()
    shelf = Path(answers) if answers else SHIPPED
    for name in FILES:
        if not (shelf / name).is_file():
            raise UsageError(
                f"there is no {shelf / name}", hint=f"copy the shipped answers from {SHIPPED}"
            )
    return tell(new_workspace(folder), shelf)
