"""What is wrong with plans of the data set, by their own specs. A plan that is not here is right.

`defects.txt` has a line for each: plan, code of the diagnostic, place in our document, and why.
"""

from functools import cache
from pathlib import Path

from conformance.nestful.audit import Wrong

TABLE = Path(__file__).with_name("defects.txt")


@cache
def defects() -> dict[str, set[Wrong]]:
    """The defects of each plan that has any."""
    found: dict[str, set[Wrong]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        plan, code, pointer, reason = line.split(maxsplit=3)
        assert reason
        found.setdefault(plan, set()).add((code, pointer))
    return found
