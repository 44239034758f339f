"""A mirror of the `cel.expr` messages in which CEL hands out its syntax trees.

No package ships these messages for Python, so the descriptors are built here, with the fields that
we read. Unknown fields survive a round trip, so a tree can be changed and given back to CEL.
The protocols below say to the type checker what the dynamic classes look like.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Protocol, cast


class Repeated(Protocol):
    """A repeated field of expressions."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator["Expr"]: ...
    def __getitem__(self, index: int) -> "Expr": ...
    def add(self) -> "Expr":
        """Append an empty expression and return it."""
        ...


class Ident(Protocol):
    """A name."""

    name: str


class Constant(Protocol):
    """A literal; `WhichOneof("constant_kind")` says which."""

    int64_value: int
    string_value: str

    def WhichOneof(self, oneof: str) -> str | None: ...  # noqa: N802


class Select(Protocol):
    """`operand.field`, or `has(operand.field)` when `test_only`."""

    operand: "Expr"
    field: str
    test_only: bool


class Call(Protocol):
    """A function, an operator or a method (with `target`)."""

    target: "Expr"
    function: str
    args: Repeated

    def HasField(self, name: str) -> bool: ...  # noqa: N802


class ListLiteral(Protocol):
    """`[a, b]`, or `[?a]` with optional elements."""

    elements: Repeated
    optional_indices: Sequence[int]

    def SetInParent(self) -> None: ...  # noqa: N802


class Entry(Protocol):
    """One `key: value` of a map literal, or `?key: value`."""

    map_key: "Expr"
    value: "Expr"
    optional_entry: bool

    def HasField(self, name: str) -> bool: ...  # noqa: N802


class Struct(Protocol):
    """A map literal, or a message literal when it has a name."""

    message_name: str
    entries: Sequence[Entry]


class Comprehension(Protocol):
    """What the macros `all`, `exists`, `exists_one`, `map`, `filter` and `cel.bind` become."""

    iter_var: str
    iter_var2: str
    iter_range: "Expr"
    accu_var: str
    accu_init: "Expr"
    loop_condition: "Expr"
    loop_step: "Expr"
    result: "Expr"


class Expr(Protocol):
    """A node of the tree; `WhichOneof("expr_kind")` says which field is set."""

    id: int
    const_expr: Constant
    ident_expr: Ident
    select_expr: Select
    call_expr: Call
    list_expr: ListLiteral
    struct_expr: Struct
    comprehension_expr: Comprehension

    def WhichOneof(self, oneof: str) -> str | None: ...  # noqa: N802
    def CopyFrom(self, other: "Expr") -> None: ...  # noqa: N802
    def Clear(self) -> None: ...  # noqa: N802


class Position(Protocol):
    """The offset, in characters, at which the expression with an id stands."""

    key: int
    value: int


class SourceInfo(Protocol):
    """Where expressions stand."""

    positions: Sequence[Position]


class ParsedExpr(Protocol):
    """A tree that was parsed and not type-checked."""

    expr: Expr
    source_info: SourceInfo

    def SerializeToString(self) -> bytes: ...  # noqa: N802


class ListType(Protocol):
    """The type of a list."""

    elem_type: "TypeMessage"


class MapType(Protocol):
    """The type of a map."""

    key_type: "TypeMessage"
    value_type: "TypeMessage"


class AbstractType(Protocol):
    """A type with a name and parameters, such as `optional_type`."""

    name: str


class TypeMessage(Protocol):
    """A type; `WhichOneof("type_kind")` says which field is set."""

    primitive: int
    wrapper: int
    well_known: int
    list_type: ListType
    map_type: MapType
    message_type: str
    abstract_type: AbstractType

    def WhichOneof(self, oneof: str) -> str | None: ...  # noqa: N802


class TypeEntry(Protocol):
    """The type of the expression with an id."""

    key: int
    value: TypeMessage


class CheckedExpr(Protocol):
    """A tree that was parsed and type-checked."""

    expr: Expr
    source_info: SourceInfo
    type_map: Sequence[TypeEntry]


# Message -> fields as (name, number, type). `*` marks a repeated field, `@x` a member of oneof `x`.
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Empty": (),
    "Constant": (
        ("null_value@constant_kind", 1, "int64"),
        ("bool_value@constant_kind", 2, "bool"),
        ("int64_value@constant_kind", 3, "int64"),
        ("uint64_value@constant_kind", 4, "uint64"),
        ("double_value@constant_kind", 5, "double"),
        ("string_value@constant_kind", 6, "string"),
        ("bytes_value@constant_kind", 7, "bytes"),
    ),
    "Ident": (("name", 1, "string"),),
    "Select": (("operand", 1, "Expr"), ("field", 2, "string"), ("test_only", 3, "bool")),
    "Call": (("target", 1, "Expr"), ("function", 2, "string"), ("args*", 3, "Expr")),
    "ListLiteral": (("elements*", 1, "Expr"), ("optional_indices*", 2, "int32")),
    "Entry": (("map_key", 3, "Expr"), ("value", 4, "Expr"), ("optional_entry", 5, "bool")),
    "Struct": (("message_name", 1, "string"), ("entries*", 2, "Entry")),
    "Comprehension": (
        ("iter_var", 1, "string"),
        ("iter_range", 2, "Expr"),
        ("accu_var", 3, "string"),
        ("accu_init", 4, "Expr"),
        ("loop_condition", 5, "Expr"),
        ("loop_step", 6, "Expr"),
        ("result", 7, "Expr"),
        ("iter_var2", 8, "string"),
    ),
    "Expr": (
        ("id", 2, "int64"),
        ("const_expr@expr_kind", 3, "Constant"),
        ("ident_expr@expr_kind", 4, "Ident"),
        ("select_expr@expr_kind", 5, "Select"),
        ("call_expr@expr_kind", 6, "Call"),
        ("list_expr@expr_kind", 7, "ListLiteral"),
        ("struct_expr@expr_kind", 8, "Struct"),
        ("comprehension_expr@expr_kind", 9, "Comprehension"),
    ),
    "Position": (("key", 1, "int64"), ("value", 2, "int32")),
    "SourceInfo": (("positions*", 4, "Position"),),
    "ParsedExpr": (("expr", 2, "Expr"), ("source_info", 3, "SourceInfo")),
    "ListType": (("elem_type", 1, "Type"),),
    "MapType": (("key_type", 1, "Type"), ("value_type", 2, "Type")),
    "AbstractType": (("name", 1, "string"), ("parameter_types*", 2, "Type")),
    "Type": (
        ("dyn@type_kind", 1, "Empty"),
        ("null@type_kind", 2, "int64"),
        ("primitive@type_kind", 3, "int64"),
        ("wrapper@type_kind", 4, "int64"),
        ("well_known@type_kind", 5, "int64"),
        ("list_type@type_kind", 6, "ListType"),
        ("map_type@type_kind", 7, "MapType"),
        ("message_type@type_kind", 9, "string"),
        ("type@type_kind", 11, "Type"),
        ("abstract_type@type_kind", 14, "AbstractType"),
    ),
    "TypeEntry": (("key", 1, "int64"), ("value", 2, "Type")),
    "CheckedExpr": (
        ("type_map*", 3, "TypeEntry"),
        ("expr", 4, "Expr"),
        ("source_info", 5, "SourceInfo"),
    ),
}
_PACKAGE = "interlock.cel"
_SCALARS = ("int64", "int32", "uint64", "bool", "double", "string", "bytes")


class TreeTooDeep(ValueError):
    """A tree is nested deeper than protobuf reads messages: 100 levels, two for each expression."""


def parsed_from(serialized: bytes) -> ParsedExpr:
    """Read what an expression that was compiled without a type check serializes to.

    Raises:
        TreeTooDeep: macros inside of macros, more than about fifteen.
    """
    return cast("ParsedExpr", _read("ParsedExpr", serialized))


def parsed_to(tree: ParsedExpr) -> bytes:
    """Write a tree so that CEL can read it again."""
    from google.protobuf import any_pb2

    address = "type.googleapis.com/cel.expr.ParsedExpr"
    return any_pb2.Any(type_url=address, value=tree.SerializeToString()).SerializeToString()


def checked_from(serialized: bytes) -> CheckedExpr:
    """Read what a type-checked expression serializes to.

    Raises:
        TreeTooDeep: as `parsed_from`.
    """
    return cast("CheckedExpr", _read("CheckedExpr", serialized))


def _read(name: str, serialized: bytes) -> object:
    from google.protobuf import any_pb2
    from google.protobuf.message import DecodeError

    try:
        return _classes()[name].FromString(any_pb2.Any.FromString(serialized).value)
    except DecodeError as caught:
        raise TreeTooDeep(str(caught)) from None


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="interlock/cel.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        _add_message(file.message_type.add(name=name), fields)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = (f"{_PACKAGE}.{name}" for name in ("ParsedExpr", "CheckedExpr"))
    found = (pool.FindMessageTypeByName(name) for name in names)
    return {each.name: message_factory.GetMessageClass(each) for each in found}


def _add_message(message: Any, fields: tuple[tuple[str, int, str], ...]) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    for written, number, kind in fields:
        name, _, oneof = written.rstrip("*").partition("@")
        field = message.field.add(name=name, number=number)
        field.label = Field.LABEL_REPEATED if written.endswith("*") else Field.LABEL_OPTIONAL
        if kind in _SCALARS:
            field.type = Field.Type.Value(f"TYPE_{kind.upper()}")
        else:
            field.type = Field.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{kind}"
        if oneof:
            if not message.oneof_decl:
                message.oneof_decl.add(name=oneof)
            field.oneof_index = 0
