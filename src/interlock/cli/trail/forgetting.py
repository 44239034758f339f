"""What `interlock audit erase --subject` destroys, as it is shown."""

from collections.abc import Iterator, Sequence

from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import aligned, counted
from interlock.cli.trail.erasing import NOT_COVERED, size_words
from interlock.errors import RunNotResumable
from interlock.runtime import Forgetting, Removal, forgetting_of, removals
from interlock.store import ReadStore
from interlock.values import Json

RUNS_SHOWN_MAX = 20


class Subject:
    """A data subject, and what goes with it. Its name is not shown again."""

    def __init__(self, journal: Journal[ReadStore], name: str) -> None:
        self.journal = journal
        self.forgetting: Forgetting = forgetting_of(journal.store, name)
        if self.forgetting.open:
            raise RunNotResumable(
                "runs with values of this subject have not ended:"
                f" {', '.join(self.forgetting.open[:RUNS_SHOWN_MAX])}",
                hint="let them end, or end them: `interlock cancel RUN`; then erase",
            )
        self.removals: Sequence[Removal] = tuple(removals(journal.store, self.forgetting))

    @property
    def is_known(self) -> bool:
        """Whether there is such a subject."""
        return self.forgetting.key_id is not None

    def lines(self) -> Iterator[str]:
        """Show what goes and what stays."""
        yield "  its key, and its name"
        rows = [(f"  {each.head.run}", size_words(each)) for each in self.removals]
        yield from aligned(rows[:RUNS_SHOWN_MAX])
        if len(rows) > RUNS_SHOWN_MAX:
            yield f"  and parts of {counted(len(rows) - RUNS_SHOWN_MAX, 'more run')}, see --json"
        mentioning = [each.head.run for each in self.removals if each.mentions]
        if mentioning:
            yield "stays, though a text of what goes is in it: what was there before, in"
            yield from (f"  {self.journal.command('show', run)}" for run in mentioning)
        if self.forgetting.lost:
            told = counted(len(self.forgetting.lost), "key")
            yield f"nobody can tell whose {told} were that values need and the journal lost: see"
            yield f"  {self.journal.command('audit', 'verify')}"

    def json(self) -> dict[str, Json]:
        """Return the same as data."""
        return {
            "key": self.forgetting.key_id,
            "runs": [
                {
                    "run": each.head.run,
                    "parts": [*each.names],
                    "values": len(each.values),
                    "messages": len(each.messages),
                    "mentioned_in": [
                        f"{seq}.{name}"
                        for seq, names in each.mentions.items()
                        for name in sorted(names)
                    ],
                }
                for each in self.removals
            ],
            "lost_keys": [*sorted(self.forgetting.lost)],
            "not_covered": [*NOT_COVERED],
        }
