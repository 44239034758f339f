"""What the syntax tree of an expression tells: what it reads, and what it may not do.

Comprehensions over maps are refused unless they only ask `all` or `exists`: the order of a map is
random in every process. Where a range may be a map (its type is not known here), `+ []` is added
to it in the tree: that costs nothing for a list, and fails for a map.
"""

import re

from interlock.errors import Diagnostic
from interlock.graph.expressions import functions
from interlock.graph.expressions.checked import Call, Comprehension, Expr, ParsedExpr
from interlock.graph.expressions.messages import marked
from interlock.graph.expressions.paths import TYPE_NAMES, extent
from interlock.graph.expressions.references import Chain, Step, Use
from interlock.values import immutable

_NULL_SAFE_CALLS = frozenset({"_==_", "_!=_", "@in", "_?_:_", "dyn", "type", "optional.of", "of"})
ORDER_FREE_FOLDS = frozenset({"_&&_", "_||_"})
_FIXED_OFFSET = re.compile(r"[+-]?[0-9]{2}:[0-9]{2}|UTC")


class Analysis:
    """One walk over a tree. Afterwards the tree is guarded against maps as ranges.

    With `guard_all`, ranges of `all` and `exists` are guarded too: then the first error is always
    the same one.

    Attributes:
        chains: what is read, in the order of the text.
        problems: what is refused.
        guarded: whether ranges were guarded, so that the tree differs from the source.
        unordered: whether `all` or `exists` may go over a map, so that which of several errors
            comes first is a matter of chance.
    """

    def __init__(self, source: str, tree: ParsedExpr, *, guard_all: bool = False) -> None:
        self.problems: list[Diagnostic] = []
        self.guarded = False
        self.unordered = False
        self._source = source
        self._guard_all = guard_all
        self._positions = {each.key: each.value for each in tree.source_info.positions}
        self._next_id = max(self._positions, default=0) + 1
        self._found: dict[Chain, None] = {}
        self._walk(tree.expr, frozenset(), "value")
        self.chains = tuple(sorted(self._found, key=lambda chain: chain.span))

    def _walk(self, expr: Expr, bound: frozenset[str], use: Use) -> None:
        if self._take_chain(expr, bound, use):
            return
        match expr.WhichOneof("expr_kind"):
            case "select_expr":
                self._walk(expr.select_expr.operand, bound, "value")
            case "call_expr":
                self._call(expr, bound)
            case "list_expr":
                for element in expr.list_expr.elements:
                    self._walk(element, bound, "value")
            case "struct_expr":
                self._struct(expr, bound)
            case "comprehension_expr":
                self._comprehension(expr, bound)
            case _:
                self._constant(expr)

    def _take_chain(self, expr: Expr, bound: frozenset[str], use: Use) -> bool:
        """Record a name with constant steps after it; False for all other expressions."""
        steps = chain_steps(expr)
        if steps is None:
            return False
        name = steps.name
        if (steps.is_outermost or name not in bound) and name not in TYPE_NAMES:
            chain = Chain(
                name=name,
                steps=steps.path,
                span=self._chain_span(steps.root, steps.path),
                optional_from=steps.optional_from,
                use=use,
            )
            self._found[chain] = None
        return True

    def _chain_span(self, root: Expr, path: tuple[Step, ...]) -> tuple[int, int]:
        return extent(self._source, self._positions.get(root.id, 0), path)

    def _constant(self, expr: Expr) -> None:
        if expr.const_expr.WhichOneof("constant_kind") == "uint64_value":
            self._refuse_uint(expr)

    def _refuse_uint(self, expr: Expr) -> None:
        self._problem(
            expr,
            "IL2208",
            message="unsigned integers are not JSON data",
            hint="write the number without `u`, or use `int(…)`",
        )

    def _call(self, expr: Expr, bound: frozenset[str]) -> None:
        call = expr.call_expr
        self._check_function(expr, bound)
        is_test = call.function in ("_==_", "_!=_") and any(map(_is_null, call.args))
        use: Use = "operand"
        if is_test:
            use = "null_test"
        elif call.function in _NULL_SAFE_CALLS | functions.ON_OPTIONALS:
            use = "value"
        if call.HasField("target") and not self._is_namespace(call, bound):
            self._walk(call.target, bound, use)
        for count, argument in enumerate(call.args):
            condition = call.function == "_?_:_" and count == 0
            self._walk(argument, bound, "operand" if condition else use)

    def _is_namespace(self, call: Call, bound: frozenset[str]) -> bool:
        if call.target.WhichOneof("expr_kind") != "ident_expr":
            return False
        name = call.target.ident_expr.name
        return name not in bound and call.function in functions.NAMESPACES.get(name, ())

    def _check_function(self, expr: Expr, bound: frozenset[str]) -> None:
        call = expr.call_expr
        name = call.function
        if call.HasField("target"):
            known = name in functions.METHODS or self._is_namespace(call, bound)
        else:
            known = name in functions.GLOBALS or name in functions.OPERATORS
        if name == "uint" and not call.HasField("target"):
            self._refuse_uint(expr)
        elif not known:
            self._unknown_function(expr, name)
        elif name in functions.ZONED and len(call.args) == 1:
            self._check_zone(call.args[0])

    def _unknown_function(self, expr: Expr, name: str) -> None:
        near = functions.nearest_function(name)
        hint = "compute it in an action, or use the functions that CEL has"
        if name in functions.ELSEWHERE:
            hint = f"write {functions.ELSEWHERE[name]}"
        elif name in functions.MACROS or near == name:
            hint = f"`{name}` is called in another way or with other arguments"
        elif near is not None:
            hint = f"did you mean `{near}`?"
        message = f"there is no function `{name}` of this form"
        at = self._source.rfind(name, 0, self._positions.get(expr.id, 0))
        span = (at, at + len(name)) if at >= 0 else self._span(expr)
        self.problems.append(Diagnostic(code="IL2203", message=message, hint=hint, span=span))

    def _check_zone(self, zone: Expr) -> None:
        text = zone.const_expr.string_value if zone.WhichOneof("expr_kind") == "const_expr" else ""
        if not _FIXED_OFFSET.fullmatch(text):
            self._problem(
                zone,
                "IL2209",
                message="names of time zones change their meaning with the system's zone data",
                hint="write a fixed offset such as '+02:00', or leave it out for UTC",
            )

    def _struct(self, expr: Expr, bound: frozenset[str]) -> None:
        struct = expr.struct_expr
        if struct.message_name:
            self._problem(
                expr,
                "IL2210",
                message=f"`{struct.message_name}{{…}}` makes a message, which is not JSON data",
                hint="write a map: {'name': value}",
            )
            return
        for entry in struct.entries:
            self._walk(entry.map_key, bound, "value")
            self._walk(entry.value, bound, "value")

    def _comprehension(self, expr: Expr, bound: frozenset[str]) -> None:
        loop = expr.comprehension_expr
        inner = bound | {loop.iter_var, loop.iter_var2, loop.accu_var}
        self._walk(loop.iter_range, bound, "operand")
        self._walk(loop.accu_init, bound, "value")
        for part in (loop.loop_condition, loop.loop_step, loop.result):
            self._walk(part, inner, "value")
        self._check_order(expr, loop)

    def _check_order(self, expr: Expr, loop: Comprehension) -> None:
        kind = loop.iter_range.WhichOneof("expr_kind")
        if kind == "list_expr":
            return
        if loop.loop_step.call_expr.function in ORDER_FREE_FOLDS and not self._guard_all:
            self.unordered = True
        elif kind == "struct_expr":
            self.problems.append(map_order_problem(self._span(expr)))
        else:
            self._guard(loop.iter_range)

    def _guard(self, iter_range: Expr) -> None:
        """Turn a range `r` into `r + []`."""
        whole = type(iter_range)()
        call = whole.call_expr
        call.function = "_+_"
        call.args.add().CopyFrom(iter_range)
        call.args.add().list_expr.SetInParent()
        for each in (whole, call.args[1]):
            each.id = self._next_id
            self._next_id += 1
        iter_range.CopyFrom(whole)
        self.guarded = True

    def _span(self, expr: Expr) -> tuple[int, int]:
        start = self._positions.get(expr.id, 0)
        return marked(self._source, start)

    def _problem(self, expr: Expr, code: str, *, message: str, hint: str) -> None:
        self.problems.append(
            Diagnostic(code=code, message=message, hint=hint, span=self._span(expr))
        )


def map_order_problem(span: tuple[int, int]) -> Diagnostic:
    """Say that a comprehension goes over a map."""
    return Diagnostic(
        code="IL2204",
        message="this goes over a map, and the order of a map is not defined",
        hint="go over a list of objects; over a map only `all` and `exists` have one answer",
        span=span,
    )


@immutable()
class ChainSteps:
    """A name in a tree, and the constant steps after it."""

    root: Expr
    path: tuple[Step, ...]
    optional_from: int | None

    @property
    def name(self) -> str:
        """The name, without the dot that may stand before it."""
        return self.root.ident_expr.name.removeprefix(".")

    @property
    def is_outermost(self) -> bool:
        """Whether it is written `.a`: that is never a variable of a macro."""
        return self.root.ident_expr.name.startswith(".")


def chain_steps(expr: Expr) -> ChainSteps | None:
    """Read an expression as a name with constant steps; None for all other expressions."""
    steps: list[Step] = []
    optional: list[bool] = []
    while expr.WhichOneof("expr_kind") != "ident_expr":
        link = _link(expr)
        if link is None:
            return None
        expr, step, is_optional = link
        steps.append(step)
        optional.append(is_optional)
    first = next((at for at, flag in enumerate(reversed(optional)) if flag), None)
    return ChainSteps(root=expr, path=tuple(reversed(steps)), optional_from=first)


def _link(expr: Expr) -> tuple[Expr, Step, bool] | None:
    """Take one constant step off an expression: what is left, the step, whether optional."""
    kind = expr.WhichOneof("expr_kind")
    if kind == "select_expr":
        select = expr.select_expr
        return select.operand, select.field, select.test_only
    if kind == "call_expr" and expr.call_expr.function in ("_[_]", "_?._", "_[?_]"):
        operand, key = expr.call_expr.args
        step = _constant_step(key)
        if step is not None:
            return operand, step, expr.call_expr.function != "_[_]"
    return None


def _constant_step(key: Expr) -> Step | None:
    if key.WhichOneof("expr_kind") != "const_expr":
        return None
    kind = key.const_expr.WhichOneof("constant_kind")
    if kind == "string_value":
        return key.const_expr.string_value
    if kind == "int64_value" and key.const_expr.int64_value >= 0:
        return key.const_expr.int64_value
    return None


def _is_null(expr: Expr) -> bool:
    is_constant = expr.WhichOneof("expr_kind") == "const_expr"
    return is_constant and expr.const_expr.WhichOneof("constant_kind") == "null_value"
