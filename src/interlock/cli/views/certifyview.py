"""What `certify` found, for people and for programs."""

from collections.abc import Iterator
from typing import final

from interlock.cli.terminal.console import aligned, counted, err, one_width
from interlock.cli.terminal.liveline import LiveLine
from interlock.cli.views.planview import short
from interlock.testing import MEANINGS, Certification, Failure, Kind, Tally
from interlock.values import Json

HEADINGS = ("kind", "tried", "of", "failed", "what goes wrong")
FAILURES_SHOWN_MAX = 3
PROBLEMS_SHOWN_MAX = 5
REDRAW_COURSES = 5
SOURCES = {"declared": "declared", "recorded": "of a run", "generated": "made up"}


@final
class ProgressLine(LiveLine):
    """Says on a terminal how far it is, in one line that is gone at the end."""

    def show(self, kind: Kind, tried: int, of: int) -> None:
        """Show how many courses of a kind were tried."""
        if self.is_live:
            if tried % REDRAW_COURSES == 1:
                self.draw(one_width(f"  {kind}  {tried:,} of {of:,}"))
        elif tried == of:
            err(f"{kind}  {counted(of, 'course')}")


def summary_lines(found: Certification) -> Iterator[str]:
    """Say what was tried and what came of it."""
    plan, baseline = found.plan, found.baseline
    status = baseline.result.status if baseline.result is not None else "no end"
    answers = f"answers {SOURCES[found.answers.source]}"
    nodes = counted(len(plan.root.nodes), "node")
    yield f"Certify {plan.name}  {short(plan.digest)}  {nodes}, {answers}, seed {found.seed}"
    yield ""
    counts = [
        counted(len(baseline.entries), "event"),
        counted(baseline.writes, "write"),
        counted(baseline.calls, "call"),
    ]
    yield f"  undisturbed  {status}: {', '.join(counts)}"
    if status != "succeeded" and baseline.result is not None and baseline.result.error is not None:
        yield f"               {baseline.result.error.message}"
    yield ""
    yield from aligned([HEADINGS, *(_row(tally) for tally in found.tallies.values())])
    yield ""
    yield from _notes(found)
    failed = sum(tally.failed for tally in found.tallies.values())
    told = f"{failed} failed" if failed else "none failed"
    yield f"  {counted(found.tried, 'course')}, {told if not found.problems else 'not tried'}"


def _row(tally: Tally) -> tuple[str, ...]:
    of = f"{tally.of:,}" if tally.of is not None else "sampled"
    return tally.kind, f"{tally.tried:,}", of, f"{tally.failed:,}", MEANINGS[tally.kind]


def _notes(found: Certification) -> Iterator[str]:
    twice = sum(tally.twice for tally in found.tallies.values())
    if twice:
        yield f"  {twice:,} times a process died a second time"
    other = [f"{tally.other:,} of {kind}" for kind, tally in found.tallies.items() if tally.other]
    if other:
        told = ", ".join(other)
        yield f"  {told} ended otherwise, by time or decision; the rest held"


def failure_lines(found: Certification, *, command: str) -> Iterator[str]:
    """Say what did not hold, and how to see it again."""
    if found.problems:
        yield ""
        yield "error: undisturbed, this did not hold"
        yield from (f"  {problem}" for problem in found.problems)
        yield f"  {command} --seed {found.seed}"
    for tally in found.tallies.values():
        for failure in tally.failures[:FAILURES_SHOWN_MAX]:
            yield from _failure(failure, found, command=command)
        more = tally.failed - FAILURES_SHOWN_MAX
        if more > 0:
            yield f"  and {counted(more, 'more course')} of kind {tally.kind}; --json lists them"


def _failure(failure: Failure, found: Certification, *, command: str) -> Iterator[str]:
    course = failure.course
    yield ""
    yield f"error: {course.kind} {course.number}: {course.told()}"
    for problem in failure.problems[:PROBLEMS_SHOWN_MAX]:
        yield f"  {problem}"
    yield f"  {again(failure, found, command=command)}"


def again(failure: Failure, found: Certification, *, command: str) -> str:
    """Write the command that takes a course again."""
    course = failure.course
    return f"{command} --seed {found.seed} --only {course.kind} --at {course.number}"


def certification_json(found: Certification, *, command: str) -> dict[str, Json]:
    """Return what was found as JSON data."""
    certificate = found.certificate()
    failures: list[Json] = [
        {
            "kind": failure.course.kind,
            "number": failure.course.number,
            "what": failure.course.told(),
            "problems": [*failure.problems],
            "command": again(failure, found, command=command),
        }
        for tally in found.tallies.values()
        for failure in tally.failures
    ]
    problems: list[Json] = [*found.problems]
    return {
        "passed": found.passed,
        "baseline": certificate["baseline"],
        "problems": problems,
        "failures": failures,
        "certificate": certificate,
    }
