"""The titles of the parts of a report, the words for what is in them, and times."""

from datetime import UTC, datetime, timedelta

from interlock.reports.counting import GraphRow
from interlock.reports.model import PartName, Standing

TITLES: dict[PartName, str] = {
    "policy": "Decided by policy",
    "gates": "Asked of persons, and decided by them",
    "refused": "Denied and refused",
    "in_doubt": "In doubt",
    "resolved": "Resolved by hand",
    "undone": "Undone",
    "violated": "Promises broken",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "continued": "Paused, reopened, migrated, taken up",
    "proposals": "Graphs that a model proposed, and that ran",
    "signals": "Told from outside",
    "erased": "Erased",
    "kept": "Put on hold, and pruned",
}
MEANINGS: dict[PartName, str] = {
    "policy": "Decisions that a rule made. This version has no rules, so there are none.",
    "gates": "What was asked at gates, who approved or rejected it, and the calls that used an"
    " approval up. The binding is the digest of exactly what was asked: a decision counts for that"
    " alone. A gate that asked anew, under another plan, names the approvals that it voids.",
    "refused": "What was not allowed to run: gates that were rejected or expired, what was not what"
    " had been approved, and proposed graphs that did not compile.",
    "in_doubt": "Writes that were sent and whose answer is not known.",
    "resolved": "What persons said became of writes in doubt.",
    "undone": "Calls that took back what a node had done, and those that could not.",
    "violated": "Writes that happened and did not do what was promised.",
    "failed": "Nodes and runs that failed.",
    "cancelled": "What persons or a deadline stopped, and what ended because of it.",
    "continued": "Who held a run, let it go on, opened it again or moved it to another plan; and"
    " processes that took a run up, after a crash or an orderly stop.",
    "proposals": "Graphs that compiled under the rules of their node, and then ran.",
    "signals": "Signals that came from outside, and from whom. Their payloads are not shown.",
    "erased": "Parts of events that were destroyed, by whom, and under which rule.",
    "kept": "Runs of which nothing may go, and what was destroyed since its time was over. It is of"
    " the whole journal, whatever graphs were asked for.",
}
STANDING_WORDS: dict[Standing, str] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "refused": "refused",
    "cancelled": "cancelled",
    "in_doubt": "in doubt",
    "paused": "paused",
    "open": "open",
    "unknown": "unknown",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(at_ms: int) -> str:
    """Say a time to the millisecond, in UTC: `2026-11-23 03:12:04.250`."""
    try:
        at = EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        return f"{at_ms} ms"  # what an edited journal says may be no time
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


def moment_text(at_ms: int) -> str:
    """Say a time to the second, in UTC: `2026-11-23 03:12:04 UTC`."""
    return f"{time_text(at_ms)[:19]} UTC"


def standings_text(row: GraphRow) -> str:
    """Say how the runs of a row stood: `2 succeeded, 1 in doubt`."""
    return ", ".join(
        f"{row.standings[standing]:,} {words}"
        for standing, words in STANDING_WORDS.items()
        if standing in row.standings
    )
