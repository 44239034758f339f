"""A second maker of leaves, which knows only what `docs/reference/leaves.md` says.

It reads the table of facts and parts from the page, and shares no code with `audit/leaves.py`.
"""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from interlock.values import canonical

PAGE = Path(__file__).parents[3] / "docs/reference/leaves.md"
ROW = re.compile(r"\| `(?P<type>[A-Z]\w+)` \| (?P<facts>.*?)\| (?P<parts>.*?)\|")
IN_THE_CLEAR = ("run", "seq", "type", "at_ms", "epoch", "causes", "generation", "attempt")


def tables() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The facts and the parts of each event."""
    rows = list(ROW.finditer(PAGE.read_text(encoding="utf-8")))
    facts = {row["type"]: re.findall(r"`(\w+)`", row["facts"]) for row in rows}
    parts = {row["type"]: re.findall(r"`(\w+)`", row["parts"]) for row in rows}
    return facts, parts


FACTS, PARTS = tables()


def parts_of(event: dict[str, Any]) -> dict[str, Any]:
    """The parts of an event, by name."""
    data, refs = event.get("data", {}), event.get("refs", {})
    found = {name: (data | refs)[name] for name in PARTS[event["type"]] if name in data | refs}
    if "usage" in PARTS[event["type"]]:
        usage = {name: data[name] for name in ("cost_usd_micros", "tokens") if name in data}
        found |= {"usage": usage} if usage else {}
    if '"' in event.get("path", ""):
        found["path"] = event["path"]
    if event["actor"] != "engine":
        found["actor"] = event["actor"]
    return found


def leaf_by_the_page(event: dict[str, Any], salts: bytes) -> bytes:
    """Make a leaf as the page says."""
    data, facts, commitments = event.get("data", {}), dict[str, Any](), dict[str, str]()
    for name in FACTS[event["type"]]:
        if name in data:
            facts[name] = data[name]["code"] if name == "error" else data[name]
    for number, (name, part) in enumerate(sorted(parts_of(event).items())):
        salt = salts[16 * number : 16 * number + 16]
        committed = b"interlock/commitment/1\n" + salt + canonical(part)
        commitments[name] = sha256(committed).hexdigest()
    leaf = {name: event[name] for name in IN_THE_CLEAR if name in event}
    leaf |= {"v": 1, "commitments": commitments}
    leaf |= {"facts": facts} if facts else {}
    leaf |= {"path": event["path"]} if '"' not in event.get("path", '"') else {}
    leaf |= {"actor": "engine"} if event["actor"] == "engine" else {}
    return canonical(leaf)
