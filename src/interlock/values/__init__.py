"""Values: JSON data, canonical bytes, digests, paths, schemas.

Paths are used through their module: `paths.child(scope, node)`, `paths.parse(text)`.
"""

from interlock.values import paths as paths
from interlock.values.canonical import canonical as canonical, fitted as fitted
from interlock.values.checker import (
    Checker as Checker,
    Problem as Problem,
    schema_problem as schema_problem,
)
from interlock.values.composing import Composition as Composition
from interlock.values.decoder import Decoder as Decoder, numbers as numbers
from interlock.values.describe import describe as describe
from interlock.values.digests import (
    digest as digest,
    digest_canonical as digest_canonical,
    digest_texts as digest_texts,
    value_ref as value_ref,
)
from interlock.values.domain import (
    BYTES_MAX as BYTES_MAX,
    DEPTH_MAX as DEPTH_MAX,
    decode as decode,
    encode as encode,
    encode_plain as encode_plain,
)
from interlock.values.durations import duration_ms as duration_ms, duration_text as duration_text
from interlock.values.examples import examples as examples
from interlock.values.ids import ulid as ulid
from interlock.values.immutable import (
    immutable as immutable,
    maker as maker,
    mutable as mutable,
)
from interlock.values.names import (
    Digest as Digest,
    Json as Json,
    NodeId as NodeId,
    Path as Path,
    RunId as RunId,
    ValueRef as ValueRef,
)
from interlock.values.objects import ObjectForm as ObjectForm
from interlock.values.places import dollar_path as dollar_path, nearest as nearest
from interlock.values.schema import (
    Schema as Schema,
    Steps as Steps,
    json_pointer as json_pointer,
    references as references,
    resolve as resolve,
    standing_alone as standing_alone,
    target as target,
    without_null as without_null,
)
from interlock.values.select import (
    Doubt as Doubt,
    Present as Present,
    Selection as Selection,
    select as select,
)
from interlock.values.subjects import (
    FALSE_NAME as FALSE_NAME,
    KEY_BYTES as KEY_BYTES,
    KEY_ID_CHARACTERS as KEY_ID_CHARACTERS,
    KEYED as KEYED,
    KeyId as KeyId,
    SubjectKey as SubjectKey,
    Subjects as Subjects,
    is_keyed as is_keyed,
    joined as joined,
    key_id_of as key_id_of,
    members_ref as members_ref,
    reference as reference,
)
from interlock.values.subtype import (
    Answer as Answer,
    Counterexample as Counterexample,
    counterexample as counterexample,
    covers as covers,
)
from interlock.values.text import plain_text as plain_text

__all__ = [
    "Answer",
    "BYTES_MAX",
    "canonical",
    "Checker",
    "Composition",
    "Counterexample",
    "counterexample",
    "covers",
    "decode",
    "Decoder",
    "DEPTH_MAX",
    "describe",
    "Digest",
    "digest",
    "digest_canonical",
    "digest_texts",
    "dollar_path",
    "Doubt",
    "duration_ms",
    "duration_text",
    "encode",
    "encode_plain",
    "examples",
    "FALSE_NAME",
    "fitted",
    "immutable",
    "is_keyed",
    "joined",
    "Json",
    "json_pointer",
    "KEY_BYTES",
    "KEY_ID_CHARACTERS",
    "key_id_of",
    "KEYED",
    "KeyId",
    "maker",
    "members_ref",
    "mutable",
    "nearest",
    "NodeId",
    "numbers",
    "ObjectForm",
    "Path",
    "paths",
    "plain_text",
    "Present",
    "Problem",
    "reference",
    "references",
    "resolve",
    "RunId",
    "Schema",
    "schema_problem",
    "select",
    "Selection",
    "standing_alone",
    "Steps",
    "SubjectKey",
    "Subjects",
    "target",
    "ulid",
    "value_ref",
    "ValueRef",
    "without_null",
]
