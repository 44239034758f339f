"""The page of the format names all members and codes, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

from interlock.audit import Disclosure, Trust, build_receipt, check_receipt
from unit.audit.javascript import VERIFIER
from unit.audit.logs import LOG_KEY, NOW_MS, a_pruned_log

PAGE = (Path(__file__).parents[3] / "docs/reference/receipts.md").read_text(encoding="utf-8")
CODE = re.compile(r"IL85\d\d")


def table(heading: str) -> set[str]:
    """The names in the first column of the tables below a heading."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def receipt() -> Any:
    return json.loads(build_receipt(a_pruned_log().evidence(), Disclosure()))


def test_all_members_are_on_the_page():
    found = receipt()
    assert table("The file") == {*found, "openers", *found["leaves"][0]}
    assert table("Claims") == set(found["claims"])


def test_all_of_a_verdict_is_on_the_page():
    verdict: dict[str, Any] = check_receipt(
        json.dumps(receipt()).encode(), Trust(keys=[LOG_KEY], now_ms=NOW_MS)
    )
    assert table("The verdict") == {*verdict, "code", "place", "cause"}
    told = PAGE.partition("## The verdict\n")[2]
    inner = [verdict["log"], verdict["events"], verdict["log"]["stamps"]]
    assert [name for each in inner for name in each if f"`{name}`" not in told] == []


def test_the_codes_are_those_of_both_verifiers():
    told = set(CODE.findall(PAGE))
    assert told == set(CODE.findall(VERIFIER.read_text(encoding="utf-8")))
