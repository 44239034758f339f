"""Ways in which a receipt gets changed, by accident or on purpose. Chance is handed in."""

import json
import random
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]
ODD: tuple[str, ...] = (
    *("null", "true", "false", "0", "-0", "1.0", "1e0", '""', "[]", "{}", '"\\ud800"', '"\\u0000"'),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e308", "1e309"),
    *("1" * 40, "NaN", "01", '"x" "y"', "[" * 250 + "]" * 250, '{"a":1,"a":1}', "\ufeff1"),
)
"""Things to stand in the place of something else, as text: some are no JSON."""


def flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 80) :]


def repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    end = start + chance.randint(1, 200)
    return data[:end] + data[start:end] + data[end:]


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def replace(data: bytes, chance: random.Random) -> bytes:
    """Put something odd in the place of some member."""
    tree = json.loads(data)
    holder, key = chance.choice(places(tree))
    holder[key] = "@@"
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.5)
    return text.replace('"@@"', chance.choice(ODD)).encode(errors="surrogatepass")


def nudge(data: bytes, chance: random.Random) -> bytes:
    """Change a text by a letter, or a number by one."""
    tree = json.loads(data)
    scalars = [(holder, key) for holder, key in places(tree) if is_scalar(holder[key])]
    holder, key = chance.choice(scalars)
    old = holder[key]
    if isinstance(old, str) and old:
        at = chance.randrange(len(old))
        holder[key] = old[:at] + chance.choice("0af=é\u202e") + old[at + 1 :]
    elif isinstance(old, int):
        holder[key] = old + chance.choice((-1, 1))
    else:
        holder[key] = "x"
    return json.dumps(tree).encode()


def remove(data: bytes, chance: random.Random) -> bytes:
    tree = json.loads(data)
    holder, key = chance.choice(places(tree))
    del holder[key]
    return json.dumps(tree).encode()


def add(data: bytes, chance: random.Random) -> bytes:
    """Put a key of another object, or an unknown one, into some object."""
    tree = json.loads(data)
    tables = [tree, *(holder[key] for holder, key in places(tree) if isinstance(holder[key], dict))]
    donor, taker = chance.choice(tables), chance.choice(tables)
    key = chance.choice([*donor, "unknown", "__proto__", "constructor"])
    taker[key] = json.loads(json.dumps(donor.get(key, 1)))
    return json.dumps(tree).encode()


def exchange(data: bytes, chance: random.Random) -> bytes:
    """Let two members change places; often of one list, such as two leaves or two hashes."""
    tree = json.loads(data)
    holder, key = chance.choice(places(tree))
    others = [other for other in places(tree) if type(other[0][other[1]]) is type(holder[key])]
    other, where = chance.choice(others)
    one, two = json.dumps(holder[key]), json.dumps(other[where])
    holder[key], other[where] = json.loads(two), json.loads(one)
    return json.dumps(tree).encode()


def rehash(data: bytes, chance: random.Random) -> bytes:
    """Change a leaf, and correct what tells the place of such a change."""
    from interlock.audit import leaf_hash
    from interlock.values import canonical

    tree = json.loads(data)
    entry = chance.choice(tree["leaves"])
    entry["leaf"]["at_ms"] += 1
    entry["hash"] = leaf_hash(canonical(entry["leaf"]))[:8].hex()
    return json.dumps(tree).encode()


MUTATIONS: tuple[Mutation, ...] = (
    *(flip, cut, repeat, truncate, replace, nudge, remove, add, exchange, rehash),
)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """List all members of a tree, as container and key."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)
