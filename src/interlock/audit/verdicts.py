"""What a checked receipt proves, in words: the same in both verifiers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from interlock.values import Json, canonical

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_10000_MS = 253_402_300_800_000
LABEL_CHARS = 14
ROWS_MAX = 100
VALUE_CHARS_MAX = 200
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
PROVED = (
    "proved: whoever holds the log's key signed a tree with these events, with this content and in"
    " this order; every disclosed part and value is what the event has"
)
NOT_PROVED = (
    "not proved: that nothing else happened, that what an action reported is true, or that the"
    " clock of the machine was right; witnesses show that the log has one history for everybody"
)
CHANGED = "the file was changed or damaged: ask for it again, by another route, and keep both"
OTHERWISE = {
    "IL8505": "a public key is one line, NAME+ID+KEY, as `interlock audit init` prints it",
    "IL8507": "compare the name and the id of the key with those in the checkpoint",
    "IL8509": "ask for the key of that log, or for the right receipt",
    "IL8547": "ask for a receipt against a checkpoint that this witness has cosigned",
    "IL8548": "ask for a receipt against a checkpoint that was stamped; or do not ask for stamps",
    "IL8549": "compare the clock of this machine with another one; if it is right, theirs is wrong,"
    " and this proves nothing",
}
"""What to do about a refusal, by its code; else it is `CHANGED`."""


def hint_for(code: str) -> str:
    """Say what to do about a receipt that is refused with a code."""
    return OTHERWISE.get(code, CHANGED)


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """Tell what `check_receipt` found, a line for each fact."""
    claims, log = verdict["claims"], verdict["log"]
    rows = [
        ("log", f"{plain(log['origin'])}, {log['size']} leaves, root {log['root']}"),
        ("signed by", plain(log["key"])),
        ("witnessed by", _witnesses(log["witnesses"])),
        ("time stamp", _stamps(log["stamps"])),
        ("events", _events(verdict)),
        ("graph", _told_of(verdict, "graph", claims["graph"])),
        ("plan", ", ".join(map(told, claims["plans"])) or "not shown"),
        ("started", _started(verdict)),
        ("ended", _ended(claims["ended"])),
        ("execution", _execution(verdict)),
        ("guarantees", _guarantees(claims["guarantees"])),
        *(("approval", _decision(verdict, each)) for each in claims["approvals"]),
        *(("decision", _decision(verdict, each)) for each in claims["decisions"]),
        *(("shown", row) for row in _rows(map(_shown, verdict["shown"]))),
        ("disclosed", _counts(verdict["disclosed"])),
        ("values", str(verdict["values"])),
        *(("erasure", row) for row in _erasures(verdict["erased"])),
        *(("erased", row) for row in _rows(map(_erased, verdict["erased"]))),
        *(("pruned", _pruned(each)) for each in verdict["prunings"]),
        *([("pruned", f"with these: {_counts(verdict['pruned'])}")] if verdict["pruned"] else ()),
        ("withheld", _counts(verdict["withheld"])),
    ]
    head = f"verified: run {plain(verdict['run'])} in the log {plain(log['origin'])}"
    return [head, *(f"  {name:<{LABEL_CHARS}}{text}" for name, text in rows), PROVED, NOT_PROVED]


def plain(text: str) -> str:
    """Show a text without characters that would steer a terminal or hide."""
    return HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def told(value: Json) -> str:
    """Show what a part says; null is what is not disclosed."""
    if value is None:
        return "not shown"
    return plain(value if isinstance(value, str) else canonical(value).decode())


def _told_of(verdict: Mapping[str, Any], part: str, value: Json, *, seq: int | None = None) -> str:
    """Show what a part says, or why it is not there; of event `seq`, or of any."""
    if value is not None:
        return told(value)
    if any(row["part"] == part and seq in {None, row["seq"]} for row in verdict["erased"]):
        return "erased"
    return "pruned" if part in verdict["pruned"] else "not shown"


def time_text(at_ms: int) -> str:
    """Write milliseconds since 1970 as a time in UTC."""
    if not 0 <= at_ms < YEAR_10000_MS:
        return f"{at_ms} ms"
    time = EPOCH + timedelta(milliseconds=at_ms)
    return f"{time.replace(tzinfo=None).isoformat(' ', 'milliseconds')} UTC"


def _witnesses(found: Sequence[Mapping[str, Any]]) -> str:
    told_of = [f"{plain(one['name'])} at {time_text(one['at_s'] * 1000)}" for one in found]
    return ", ".join(told_of) or "nobody that was asked for"


def _stamps(stamps: Mapping[str, Any]) -> str:
    told_of = [
        f"{time_text(one['at_ms'])} by {plain(one['authority'])}" for one in stamps["verified"]
    ]
    if not told_of and stamps["carried"]:
        return f"{stamps['carried']} in the file; not counted: who gave it was not checked"
    return "; ".join(told_of) or "none"


def _events(verdict: Mapping[str, Any]) -> str:
    events = verdict["events"]
    if not verdict["whole"]:
        return f"{events['shown']} of the run, from {events['first']} to {events['last']}"
    goes_on = "" if verdict["claims"]["ended"] else "; the run has not ended with them"
    return f"{events['first']} to {events['last']}, without a gap{goes_on}"


def _started(verdict: Mapping[str, Any]) -> str:
    claims = verdict["claims"]
    if claims["started_at_ms"] is None:
        return "not shown"
    by = _told_of(verdict, "actor", claims["started_by"], seq=verdict["events"]["first"])
    return f"{time_text(claims['started_at_ms'])} by {by}"


def _ended(ended: Mapping[str, Any] | None) -> str:
    if ended is None:
        return "not shown"
    error = "" if ended["error"] is None else f" ({told(ended['error'])})"
    return f"{told(ended['status'])}{error} at {time_text(ended['at_ms'])}"


def _execution(verdict: Mapping[str, Any]) -> str:
    digest = verdict["claims"]["execution"]
    if digest is None:
        return _told_of(verdict, "execution", None)
    how = "follows from the outcomes" if verdict["execution_is_shown"] else "as the log has it"
    return f"{told(digest)}, {how}"


def _guarantees(found: Mapping[str, str] | None) -> str:
    if found is None:
        return "not shown"
    return "; ".join(f"{plain(name)}: {text}" for name, text in found.items()) or "no actions"


def _decision(verdict: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    where = "" if given["path"] is None else f", {told(given['path'])}"
    what = f"event {given['seq']}{where}: {plain(given['type'])}"
    what += "" if given["verdict"] is None else f" {told(given['verdict'])}"
    by = _told_of(verdict, "actor", given["by"], seq=given["seq"])
    return f"{what} by {by} at {time_text(given['at_ms'])}"


def _shown(row: Mapping[str, Any]) -> str:
    return f"{_place(row)}: {_cut(told(row['value']))}"


def _erased(row: Mapping[str, Any]) -> str:
    return f"{_place(row)}: by the erasure at leaf {row['erasure']['leaf']}"


def _erasures(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    found = {row["erasure"]["leaf"]: row["erasure"] for row in rows}
    return [f"leaf {leaf} (event {by['seq']}), {_rule(by)}" for leaf, by in found.items()]


def _pruned(pruning: Mapping[str, Any]) -> str:
    what = told(pruning["what"])
    if pruning["events"] is not None:
        what += f" ({told(pruning['events'])})"
    return f"{what}: by the pruning at leaf {pruning['leaf']}, {_rule(pruning)}"


def _rule(by: Mapping[str, Any]) -> str:
    """Say under which rule something was destroyed, by whom and when."""
    rule = "none named" if by["rule"] == "" else _cut(told(by["rule"]))
    return f"rule: {rule}; by {told(by['by'])} at {time_text(by['at_ms'])}"


def _place(row: Mapping[str, Any]) -> str:
    where = "the run" if row["path"] is None else told(row["path"])
    return f"event {row['seq']}, {where}, {plain(row['part'])}"


def _rows(texts: Iterable[str]) -> list[str]:
    """Leave out what would be too many lines."""
    rows = list(texts)
    rest = len(rows) - ROWS_MAX
    return [*rows[:ROWS_MAX], f"and {rest} more in the file"] if rest > 0 else rows


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}…"


def _counts(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{plain(name)} ({count})" for name, count in parts.items()) or "nothing"
