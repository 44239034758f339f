"""What a reference cannot do while a graph is traced, and how to write it instead.

Python finds these methods on the class, so `refuse_misuse` sets them there.
"""

from collections.abc import Callable
from typing import NoReturn

_IN_ACTION = "compute it in an action"
_IF = (
    "for `if` write `with when(c):`, for `a if c else b` write `choose(c, a, b)`; for `and`, `or`,"
    " `not` write `(a) & (b)`, `(a) | (b)`, `~(a)` with parentheses around comparisons"
)
_LOOP = "to do something for each item, write `each(body, items)`; its output has `results`"
_TEXT = "put it into an f-string: f'{x} words'"
_NUMBER = "declare the number in the action's annotations, or convert it with `cel(f'int({x})')`"

REFUSED: dict[str, tuple[str, str]] = {
    "bool": ("`if`, `and`, `or`, `not` or a chain such as `1 < x < 3`", _IF),
    "contains": ("`in`", "write `contains(items, item)`"),
    "delattr": ("`del`", "values never change; make a new one in an action"),
    "delitem": ("`del`", "values never change; make a new one in an action"),
    "hash": ("a place in a set, or as a key of a dict,", "use a list, or constant keys"),
    "iter": ("`for`, `list()`, `*` or unpacking", _LOOP),
    "len": ("`len()`", "write `size(x)`"),
    "next": ("`next()`", _LOOP),
    "reversed": ("`reversed()`", _IN_ACTION),
    "await": ("`await`", "leave `await` out: a graph says what depends on what, and waits itself"),
    "aiter": ("`async for`", _LOOP),
    "enter": ("`with`", "to do something under a condition, write `with when(c):`"),
    "exit": ("`with`", "to do something under a condition, write `with when(c):`"),
    "aexit": ("`async with`", "to do something under a condition, write `with when(c):`"),
    "aenter": ("`async with`", "to do something under a condition, write `with when(c):`"),
    "str": ("`str()`, `print()` or `%s`", _TEXT),
    "bytes": ("`bytes()`", _IN_ACTION),
    "fspath": ("a path", _IN_ACTION),
    "int": ("`int()`", _NUMBER),
    "float": ("`float()`", _NUMBER),
    "complex": ("`complex()`", _NUMBER),
    "index": ("an index or `range()`", f"{_LOOP}; `items[x]` works where `items` is a reference"),
    "round": ("`round()`", "write `cel(f'math.round({x})')`"),
    "trunc": ("`trunc()`", "write `cel(f'math.trunc({x})')`"),
    "floor": ("`floor()`", "write `cel(f'math.floor({x})')`"),
    "ceil": ("`ceil()`", "write `cel(f'math.ceil({x})')`"),
    "abs": ("`abs()`", "write `cel(f'math.abs({x})')`"),
    "pos": ("`+x`", "leave `+` out"),
    "divmod": ("`divmod()`", "use `/` and `%`: between integers `/` drops the remainder"),
    "floordiv": ("`//`", "use `/`: between integers it drops the remainder"),
    "pow": ("`**`", _IN_ACTION),
    "matmul": ("`@`", _IN_ACTION),
    "lshift": ("`<<`", "write `cel(f'math.bitShiftLeft({x}, 1)')`"),
    "rshift": ("`>>`", "write `cel(f'math.bitShiftRight({x}, 1)')`"),
    "xor": ("`^`", "for conditions write `(a) != (b)`; for bits `cel(f'math.bitXor({x}, 1)')`"),
    "rdivmod": ("`divmod()`", "use `/` and `%`: between integers `/` drops the remainder"),
    "rfloordiv": ("`//`", "use `/`: between integers it drops the remainder"),
    "rpow": ("`**`", _IN_ACTION),
    "rmatmul": ("`@`", _IN_ACTION),
    "rlshift": ("`<<`", _IN_ACTION),
    "rrshift": ("`>>`", _IN_ACTION),
    "rxor": ("`^`", "for conditions write `(a) != (b)`"),
}


def refuse_misuse(kind: type[object], error: Callable[[object, str, str], Exception]) -> None:
    """Let each misuse of a kind of references raise; `error` gets what it was, and the cure."""

    def refusing(what: str, cure: str) -> Callable[..., NoReturn]:
        def method(self: object, *_: object, **__: object) -> NoReturn:
            raise error(self, what, cure)

        return method

    for name, (what, cure) in REFUSED.items():
        setattr(kind, f"__{name}__", refusing(what, cure))
