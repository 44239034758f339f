"""What retention does, for people and for programs."""

from collections.abc import Iterable, Iterator, Sequence

from interlock.audit import CLASSES, Hold, Keeping, Retention, period_text
from interlock.cli.terminal.console import aligned, counted, listed, plain
from interlock.cli.terminal.times import moment
from interlock.journal import ENDED, HoldReleased, PrunedClass, RunHead, actor_words
from interlock.runtime import PruningPlan, PruningResult, all_runs, facts_in
from interlock.store import ReadStore, StoreSize
from interlock.values import Json, RunId

RUNS_SHOWN_MAX = 20
NO_CACHE = "there is no cache in this version; its class comes with it"
WHY_SKIPPED = {
    "held": "on hold",
    "busy": "somebody has them, or wants them to go on",
    "not as logged": "not as they were logged: they stay as evidence, see `interlock audit verify`",
    "in doubt": "a write in them is in doubt",
}


def size_text(count: int) -> str:
    """Say how many bytes, in a unit that fits."""
    for unit, word in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count} B"


def status_lines(
    retention: Retention,
    plan: PruningPlan,
    keeping: Keeping,
    *,
    heads: Sequence[RunHead],
    size: StoreSize | None,
) -> Iterator[str]:
    """Say what is kept for how long, how much there is, and what is due."""
    profile = retention.profile
    told = "none: nothing says how long at least"
    if profile is not None:
        told = f"{profile.name}: everything for {period_text(profile.floor_ms)} at least"
    yield f"profile  {told}"
    if profile is not None:
        yield f"         {profile.source}"
    yield ""
    rows = [("class", "kept", "in runs", "there is", "oldest", "due")]
    rows += [
        _class_row(what, retention, plan, keeping=keeping, heads=heads, size=size)
        for what in CLASSES
    ]
    yield from aligned(rows, indent=0)
    yield f"cache   {NO_CACHE}"
    yield ""
    if keeping.pruned["values"]:
        events, values = (
            counted(len(keeping.pruned[what]), "run") for what in ("events", "values")
        )
        emptied = "" if size is None else f", {counted(size.events_emptied, 'event')} in all"
        yield f"pruned   values of {values}; events of {events}{emptied}"
    if size is not None:
        yield f"file     {size_text(size.bytes)}"
    numbers = ", ".join(str(hold.number) for hold in keeping.active())
    told = f"in force: {numbers}; see `interlock retention hold list`" if numbers else "none"
    yield f"holds    {told}"
    if plan.held:
        runs = {due.head.run for due, _ in plan.held}
        yield f"         {counted(len(runs), 'run')} would be due, and is on hold".replace(
            "runs would be due, and is", "runs would be due, and are"
        )
    if plan.due:
        yield ""
        yield "next: `interlock retention prune --dry-run`"


def _class_row(
    what: PrunedClass,
    retention: Retention,
    plan: PruningPlan,
    *,
    keeping: Keeping,
    heads: Sequence[RunHead],
    size: StoreSize | None,
) -> tuple[str, ...]:
    there = [head for head in heads if head.run not in keeping.pruned[what]]
    ended = [head.updated_ms for head in there if head.status in ENDED]
    amount = ""
    if size is not None:
        count = size.values if what == "values" else size.events - size.events_emptied
        taken = size.value_bytes if what == "values" else size.event_bytes
        amount = f"{counted(count, what[:-1])}, {size_text(taken)}"
    due = sum(each.what == what for each in plan.due)
    return (
        what,
        _kept_for(retention, what),
        f"{len(there):,}",
        amount,
        f"ended {moment(min(ended))[:10]}" if ended else "",
        counted(due, "run") if due else "nothing",
    )


def _kept_for(retention: Retention, what: PrunedClass) -> str:
    period = retention.period_ms(what)
    return "for ever" if period is None else period_text(period)


def status_json(
    retention: Retention,
    plan: PruningPlan,
    keeping: Keeping,
    *,
    heads: Sequence[RunHead],
    size: StoreSize | None,
) -> dict[str, Json]:
    """Say the same for programs."""
    profile = retention.profile
    classes: dict[str, Json] = {}
    for what in CLASSES:
        there = [head for head in heads if head.run not in keeping.pruned[what]]
        ended = [head.updated_ms for head in there if head.status in ENDED]
        classes[what] = {
            "period_ms": retention.period_ms(what),
            "floor_ms": None if profile is None else profile.floor_ms,
            "runs": len(there),
            "pruned_runs": len(keeping.pruned[what]),
            "oldest_ended_ms": min(ended, default=None),
            "due": [each.head.run for each in plan.due if each.what == what],
            "held": [due.head.run for due, _ in plan.held if due.what == what],
        }
    classes["cache"] = None
    return {
        "profile": None
        if profile is None
        else {"name": profile.name, "floor_ms": profile.floor_ms, "source": profile.source},
        "classes": classes,
        "size": None
        if size is None
        else {
            "bytes": size.bytes,
            "events": size.events - size.events_emptied,
            "event_bytes": size.event_bytes,
            "emptied_events": size.events_emptied,
            "values": size.values,
            "value_bytes": size.value_bytes,
        },
        "holds": [hold_json(hold) for hold in keeping.active()],
    }


def runs_on(store: ReadStore, hold: Hold) -> int:
    """Count the runs that a hold is on; of a data subject it reads the events of all others."""
    subject, known = hold.event.subject, hold.event.runs
    facts = (
        facts_in(store, head, with_subjects=subject is not None and head.run not in known)
        for head in all_runs(store)
    )
    return sum(hold.covers(each, in_doubt=True) for each in facts)


def hold_lines(holds: Iterable[Hold], store: ReadStore) -> Iterator[str]:
    """Say of each hold what it is on, who placed it, why, and whether it is over."""
    for hold in holds:
        placed = f"placed {moment(hold.placed.at_ms)} by {actor_words(hold.placed.actor)}"
        on = counted(runs_on(store, hold), "run")
        yield f"hold {hold.number}  {scope_text(hold)}: {on} so far{_named(store, hold)}"
        yield f"  {placed}: {_words(hold.event.reason)}"
        over = hold.released
        if over is not None and isinstance(over.event, HoldReleased):
            told = f"released {moment(over.at_ms)} by {actor_words(over.actor)}"
            yield f"  {told}: {_words(over.event.reason)}"


def _named(store: ReadStore, hold: Hold) -> str:
    """Name the data subject that is held: as long as it is, the store has its name."""
    key_id = hold.event.subject
    found = [] if key_id is None else store.subjects.find(ids=[key_id])
    return f"; the subject is `{_words(found[0].name)}`" if found else ""


def scope_text(hold: Hold) -> str:
    """Say what a hold is on."""
    held = hold.event
    parts = [
        f"run {held.held}" if held.held is not None else "",
        f"graph {_words(held.graph)}" if held.graph is not None else "",
        f"data subject {held.subject}" if held.subject is not None else "",
        f"begun before {_day(held.before_ms)}" if held.before_ms is not None else "",
        f"not ended before {_day(held.after_ms)}" if held.after_ms is not None else "",
    ]
    return ", ".join(part for part in parts if part) or "everything"


def hold_json(hold: Hold) -> dict[str, Json]:
    """Describe a hold for programs."""
    held, over = hold.event, hold.released
    return {
        "hold": hold.number,
        "run": held.held,
        "graph": held.graph,
        "subject": held.subject,
        "before_ms": held.before_ms,
        "after_ms": held.after_ms,
        "reason": held.reason,
        "placed_ms": hold.placed.at_ms,
        "placed_by": hold.placed.actor,
        "released_ms": None if over is None else over.at_ms,
        "released_by": None if over is None else over.actor,
    }


def plan_lines(plan: PruningPlan) -> Iterator[str]:
    """Say what would go, and what is kept by holds."""
    for what in CLASSES:
        due = [each.head for each in plan.due if each.what == what]
        if due:
            yield f"{what} of {counted(len(due), 'run')}:"
            yield from _run_lines(due)
    held = {due.head.run: (due.head, hold) for due, hold in plan.held}
    if held:
        numbers = listed(sorted({str(hold.number) for _, hold in held.values()}))
        yield f"on hold {numbers}, and kept: {counted(len(held), 'run')}"
        yield from _run_lines([head for head, _ in held.values()])


def _run_lines(heads: Sequence[RunHead]) -> Iterator[str]:
    rows = [
        (head.run, head.graph, head.status, f"ended {moment(head.updated_ms)}")
        for head in heads[:RUNS_SHOWN_MAX]
    ]
    yield from aligned(rows)
    if len(heads) > RUNS_SHOWN_MAX:
        yield f"  and {len(heads) - RUNS_SHOWN_MAX:,} more; --json lists them"


def plan_json(plan: PruningPlan) -> dict[str, Json]:
    """Say for programs what would go."""
    return {
        "dry_run": True,
        **{what: [each.head.run for each in plan.due if each.what == what] for what in CLASSES},
        "held": {due.head.run: hold.number for due, hold in plan.held},
    }


def result_lines(result: PruningResult, *, before: int | None, after: int | None) -> Iterator[str]:
    """Say what was done."""
    values, events = result.runs["values"], result.runs["events"]
    if values or result.shared:
        shared = f", and {counted(result.shared, 'large value')}" if result.shared else ""
        yield f"pruned   values of {counted(len(values), 'run')}{shared}"
    if events:
        yield f"pruned   events of {counted(len(events), 'run')}: {counted(result.events, 'event')}"
    if not (values or events or result.shared):
        yield "nothing was pruned"
    for why, told in WHY_SKIPPED.items():
        runs = [run for run, reason in result.skipped.items() if reason == why]
        if runs:
            yield f"kept     {counted(len(runs), 'run')}: {told}"
    if before is not None and after is not None and (values or events):
        yield f"file     {size_text(before)} before, {size_text(after)} now"


def result_json(result: PruningResult, *, before: int | None, after: int | None) -> dict[str, Json]:
    """Say for programs what was done."""
    skipped: dict[str, Json] = {**result.skipped}
    return {
        "dry_run": False,
        **{what: list[Json](result.runs[what]) for what in CLASSES},
        "events_emptied": result.events,
        "shared_values": result.shared,
        "kept": skipped,
        "bytes_before": before,
        "bytes_after": after,
    }


def pruned_class(keeping: Keeping, run: RunId) -> PrunedClass | None:
    """Say what was pruned of a run: events, values, or nothing."""
    if run in keeping.pruned["events"]:
        return "events"
    return "values" if run in keeping.pruned["values"] else None


def _words(text: str) -> str:
    """Make what somebody typed one safe line."""
    return plain(" ".join(text.split()))


def _day(at_ms: int) -> str:
    told = moment(at_ms)
    return told.removesuffix(" 00:00:00 UTC")
