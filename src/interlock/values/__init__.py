"""Values: JSON data, canonical bytes, digests, paths, schemas.

Paths are used through their module: `paths.child(scope, node)`, `paths.parse(text)`.
"""

from interlock.values import paths as paths
from interlock.values.canonical import canonical as canonical
from interlock.values.digests import (
    digest as digest,
    digest_canonical as digest_canonical,
    value_ref as value_ref,
)
from interlock.values.domain import (
    BYTES_MAX as BYTES_MAX,
    DEPTH_MAX as DEPTH_MAX,
    decode as decode,
    encode as encode,
)
from interlock.values.durations import duration_ms as duration_ms, duration_text as duration_text
from interlock.values.ids import ulid as ulid
from interlock.values.names import (
    Digest as Digest,
    Json as Json,
    NodeId as NodeId,
    Path as Path,
    RunId as RunId,
    ValueRef as ValueRef,
)

__all__ = [
    "BYTES_MAX",
    "canonical",
    "decode",
    "DEPTH_MAX",
    "Digest",
    "digest",
    "digest_canonical",
    "duration_ms",
    "duration_text",
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
