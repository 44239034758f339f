"""`interlock retention hold`: keep runs from being pruned or erased."""

import click

from interlock.cli.project.stores import existing, find_run, to_read
from interlock.cli.terminal.console import err, out, out_json, plain
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import as_option, example, json_option, store_option
from interlock.cli.trail.periods import moment_ms
from interlock.cli.views.retaining import hold_json, hold_lines, runs_on, scope_text
from interlock.errors import UsageError
from interlock.journal import HoldPlaced, Principal
from interlock.runtime import (
    SystemClock,
    place_hold,
    place_subject_hold,
    read_keeping,
    release_hold,
)

REASON = "Why: the case, the request. Kept in the journal of the store for good."


@click.group(epilog=example("interlock retention hold place --graph pay --reason 'case 7'"))
def hold() -> None:
    """Keep runs from being pruned or erased, until somebody says that it is over."""


@hold.command(
    epilog=example(
        "interlock retention hold place --run last --reason 'case 7'",
        "interlock retention hold place --graph pay --before 2026-07-01 --reason 'case 7'",
    )
)
@click.option("--run", "told", metavar="RUN", help="This run.")
@click.option("--graph", metavar="NAME", help="Runs of this graph, also those to come.")
@click.option(
    "--subject", metavar="NAME", help="Runs with values of this data subject, and its key."
)
@click.option(
    "--before", metavar="TIME", help="Runs that had begun before: 2026-07-01, or 30d ago."
)
@click.option("--after", metavar="TIME", help="Runs that had not ended before.")
@click.option("--everything", is_flag=True, help="All runs, also those to come.")
@click.option("--reason", required=True, metavar="TEXT", help=REASON)
@as_option
@store_option
@json_option
def place(
    *,
    told: str | None,
    graph: str | None,
    subject: str | None,
    before: str | None,
    after: str | None,
    everything: bool,
    reason: str,
    who: Principal,
    store: str | None,
    as_json: bool,
) -> int:
    """Place a hold: nothing of these runs is pruned or erased while it is in force.

    Runs are held that fit all that is given, also those to come. It is durable, and a leaf of the
    log, when the command ends; a pruning that is under way stops before these runs.

    A data subject cannot be erased while it is held, whatever else is given. The journal has the id
    of its key, and not its name: say the reason without it.
    """
    if everything == any(each is not None for each in (told, graph, subject, before, after)):
        raise UsageError(
            "say what is to be held" if not everything else "--everything is all there is",
            hint="--run RUN, --graph NAME, --subject NAME, --before TIME, --after TIME, or"
            " --everything alone",
        )
    if graph is not None and not graph.strip():
        raise UsageError("--graph is empty", hint="name a graph, as `interlock runs` shows it")
    now_ms = SystemClock().now_ms()
    with existing(store) as journal:
        event = HoldPlaced(
            reason=reason,
            held=None if told is None else find_run(journal.store, told).run,
            graph=graph,
            before_ms=None if before is None else moment_ms(before, "--before", now_ms=now_ms),
            after_ms=None if after is None else moment_ms(after, "--after", now_ms=now_ms),
        )
        if subject is None:
            placed = place_hold(journal.store, event, by=who)
        else:
            placed = place_subject_hold(journal.store, subject, event, by=who)
        made = read_keeping(journal.store).holds[placed.seq]
        runs = runs_on(journal.store, made)
    if graph is not None and not runs:
        err(f"no run is of graph `{plain(graph)}` so far, or none fits the rest; new ones are held")
    if as_json:
        out_json({**hold_json(made), "runs": runs})
    else:
        out(f"hold {made.number} placed on {scope_text(made)}: it has {runs:,} of the runs so far")
    return Exit.OK


@hold.command(epilog=example("interlock retention hold release 1 --reason 'case 7 is closed'"))
@click.argument("number", type=click.IntRange(min=1))
@click.option("--reason", required=True, metavar="TEXT", help="Why it is not needed any more.")
@as_option
@store_option
@json_option
def release(*, number: int, reason: str, who: Principal, store: str | None, as_json: bool) -> int:
    """Release hold NUMBER: its runs may be pruned and erased again."""
    with existing(store) as journal:
        released = release_hold(journal.store, number, reason=reason, by=who)
    if as_json:
        out_json(hold_json(released))
    else:
        out(f"hold {number} on {scope_text(released)} released")
    return Exit.OK


@hold.command("list", epilog=example("interlock retention hold list --all"))
@click.option("--all", "every", is_flag=True, help="Those that were released, too.")
@store_option
@json_option
def list_(*, every: bool, store: str | None, as_json: bool) -> int:
    """List the holds that are in force: on what, since when, by whom and why."""
    with to_read(store) as journal:
        keeping = read_keeping(journal.store)
        holds = list(keeping.holds.values() if every else keeping.active())
        if as_json:
            out_json([hold_json(each) for each in holds])
        else:
            lines = list(hold_lines(holds, journal.store))
            none = "no hold was ever placed" if every else "no hold is in force"
            out("\n".join(lines or [none]))
    return Exit.OK
