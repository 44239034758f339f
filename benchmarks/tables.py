"""The tables that a comparison prints."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.harness import Durable, Result, Shape

Key = tuple[str, Durable]
Results = Mapping[tuple[Key, Shape], Sequence[Result]]
Fsyncs = Mapping[tuple[Key, Shape], float]

OURS = "interlock"
IN_MILLISECONDS: frozenset[Shape] = frozenset({"sleeps", "first"})


def number(result: Result) -> float:
    """Give what a shape is judged by: the time per node, or of the whole in milliseconds."""
    if result["shape"] in IN_MILLISECONDS:
        return result["seconds"] * 1e3
    return result["us_per_node"]


def median(results: Sequence[Result]) -> float | None:
    """Give the middle of what the rounds gave."""
    return statistics.median(map(number, results)) if results else None


def heading(shape: Shape) -> str:
    """Name a column, with its unit."""
    return f"{shape}, ms" if shape in IN_MILLISECONDS else f"{shape}, us a node"


def grid(rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows as a Markdown table; the first row is the heading."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    table.insert(1, ["-" * width for width in widths])
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    )
    return "\n".join(f"| {line} |" for line in lines)


def table(results: Results, heads: Mapping[Shape, str], cell: Callable[[Key, Shape], str]) -> str:
    """Make one row per contender and one column per shape."""
    contenders = list(dict.fromkeys(key for key, _ in results))
    rows = [[*key, *(cell(key, shape) for shape in heads)] for key in contenders]
    return grid([["", "durable", *heads.values()], *rows])


def times(results: Results, shapes: Sequence[Shape]) -> str:
    """Show the median of each measurement, with the fastest and the slowest round."""

    def cell(key: Key, shape: Shape) -> str:
        found = results.get((key, shape))
        if found is None:
            return "-"
        middle = median(found)
        if middle is None:
            return "failed"
        if len(found) == 1:
            return f"{middle:,.0f}"
        low, high = min(map(number, found)), max(map(number, found))
        return f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"

    return table(results, {shape: heading(shape) for shape in shapes}, cell)


def ratios(results: Results, shapes: Sequence[Shape], ours: Key) -> str:
    """Show how many times longer each contender takes than Interlock."""

    def cell(key: Key, shape: Shape) -> str:
        theirs, base = (median(results.get((one, shape), ())) for one in (key, ours))
        return f"{theirs / base:.1f}" if theirs and base else "-"

    return table(results, {shape: shape for shape in shapes}, cell)


def writes(results: Results, shapes: Sequence[Shape], fsyncs: Fsyncs) -> str:
    """Show what each node leaves on the disk, and how often the disk is asked to be sure."""

    def cell(key: Key, shape: Shape) -> str:
        found = results.get((key, shape))
        if not found:
            return "-"
        counts = dict(found[0]["counts_per_node"])
        if (key, shape) in fsyncs:
            counts["fsyncs"] = fsyncs[key, shape]
        told = (f"{count:.2f} {name}" for name, count in counts.items())
        return ", ".join([f"{found[0]['bytes_per_node']:,} B", *told])

    on_disk = {place: found for place, found in results.items() if place[0][1] != "memory"}
    return table(on_disk, {shape: shape for shape in shapes}, cell)
