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
ANY_LIST = "google.protobuf.ListValue"
ANY_MAP = "google.protobuf.Struct"

# Protobuf keeps these field numbers for itself.
_NUMBERS_RESERVED = range(19_000, 20_000)
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
        number = 0
        for field, shape in record.fields.items():
            if _IDENTIFIER.fullmatch(field):
                number += 1
                skipped = len(_NUMBERS_RESERVED) if number >= _NUMBERS_RESERVED.start else 0
                _add_field(message, name=field, number=number + skipped, shape=shape)
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
        case ListOf():
            return ANY_LIST
        case Nullable(Record(name)):
            return message_name(name)  # messages can be compared with null as they are
        case Nullable(Scalar(name)):
            return _WRAPPERS[name]
        case _:
            return ANY
