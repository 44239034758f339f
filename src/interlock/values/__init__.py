"""Values: JSON data, canonical bytes, digests, paths, schemas.

Paths are used through their module: `paths.child(scope, node)`, `paths.parse(text)`.
"""

from interlock.values import paths as paths
from interlock.values.canonical import canonical as canonical
from interlock.values.digests import digest as digest
from interlock.values.digests import digest_canonical as digest_canonical
from interlock.values.digests import value_ref as value_ref
from interlock.values.domain import BYTES_MAX as BYTES_MAX
from interlock.values.domain import DEPTH_MAX as DEPTH_MAX
from interlock.values.domain import decode as decode
from interlock.values.domain import encode as encode
from interlock.values.ids import ulid as ulid
from interlock.values.names import Digest as Digest
from interlock.values.names import Json as Json
from interlock.values.names import NodeId as NodeId
from interlock.values.names import Path as Path
from interlock.values.names import RunId as RunId
from interlock.values.names import ValueRef as ValueRef

__all__ = [
    "BYTES_MAX",
    "canonical",
    "decode",
    "DEPTH_MAX",
    "Digest",
    "digest",
    "digest_canonical",
    "encode",
    "Json",
    "NodeId",
    "Path",
    "paths",
    "RunId",
    "ulid",
    "value_ref",
    "ValueRef",
]
