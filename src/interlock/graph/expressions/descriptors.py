"""Protobuf descriptors for the records of an expression: what CEL's type checker knows of them.

Only types are described; no message is ever made. What protobuf has no field for (a list of
lists, a field that is no identifier) is left open or left out.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from interlock.graph.expressions.shapes import (
    ListOf,
    MapOf,
    Nullable,
    Open,
    Record,
    RecordType,
    Scalar,
    Shape,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

PACKAGE = "interlock.types"
ANY = "google.protobuf.Value"
ANY_MAP = "google.protobuf.Struct"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SCALAR_TYPES = {"string": "TYPE_STRING", "integer": "TYPE_INT64", "number": "TYPE_DOUBLE"}
_WRAPPERS = {
    "string": "google.protobuf.StringValue",
    "integer": "google.protobuf.Int64Value",
    "number": "google.protobuf.DoubleValue",
    "boolean": "google.protobuf.BoolValue",
}


def message_name(record: str) -> str:
    """Name the message that stands for a record."""
    return f"{PACKAGE}.{record}"


def record_name(message: str) -> str:
    """Name the record that a message stands for."""
    return message.removeprefix(f"{PACKAGE}.")


def descriptor_file(records: Mapping[str, RecordType]) -> "FileDescriptorProto":
    """Describe records as messages."""
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="interlock/types.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=["google/protobuf/struct.proto", "google/protobuf/wrappers.proto"],
    )
    for name, record in records.items():
        message = file.message_type.add(name=name)
        # Else `fooBar` beside `foo_bar` is an error: both have one name in protobuf's JSON.
        message.options.deprecated_legacy_json_field_conflicts = True
        fields = (pair for pair in record.fields.items() if _IDENTIFIER.fullmatch(pair[0]))
        for number, (field, shape) in enumerate(fields, start=1):
            _add_field(message, name=field, number=number, shape=shape)
    return file


def _add_field(message: "DescriptorProto", *, name: str, number: int, shape: Shape) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    if isinstance(shape, ListOf):
        field.label = Field.LABEL_REPEATED
        shape = Open() if isinstance(shape.item, ListOf) else shape.item
    if isinstance(shape, Scalar) and shape.name != "null":
        is_boolean = shape.name == "boolean"
        field.type = Field.TYPE_BOOL if is_boolean else Field.Type.Value(_SCALAR_TYPES[shape.name])
    else:
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{type_name(shape)}"


def type_name(shape: Shape) -> str:
    """Name the message type that stands for a shape inside of another."""
    match shape:
        case Record(name):
            return message_name(name)
        case MapOf():
            return ANY_MAP
        case Nullable(Record(name)):
            return message_name(name)  # messages can be compared with null as they are
        case Nullable(Scalar(name)):
            return _WRAPPERS[name]
        case _:
            return ANY
