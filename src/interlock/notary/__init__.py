"""Notary: what speaks for a log outside of it: keys, checkpoints, witnesses.

Here are the files, sockets and clocks around the pure `interlock.audit`.
"""

from interlock.notary.checkpointing import (
    check_extends as check_extends,
    head_of as head_of,
    keep_cosigned as keep_cosigned,
    last_checkpoint_file as last_checkpoint_file,
    last_signed as last_signed,
    read_checkpoint as read_checkpoint,
    sign_log as sign_log,
)
from interlock.notary.endorsing import (
    Endorsed as Endorsed,
    Endorsers as Endorsers,
    endorse as endorse,
    kept_stamp as kept_stamp,
    read_stamp as read_stamp,
)
from interlock.notary.keys import (
    KeyRing as KeyRing,
    LogKey as LogKey,
    change_keys as change_keys,
    create_keys as create_keys,
    locked_keys as locked_keys,
    new_ring as new_ring,
    parse_keys as parse_keys,
    read_keys as read_keys,
    with_ended_key as with_ended_key,
    with_new_key as with_new_key,
)
from interlock.notary.posting import ANSWER_BYTES_MAX as ANSWER_BYTES_MAX
from interlock.notary.publishing import (
    CHECKPOINT as CHECKPOINT,
    Published as Published,
    publish as publish,
)
from interlock.notary.seen import Memory as Memory, Seen as Seen, create_memory as create_memory
from interlock.notary.serving import (
    CONNECTIONS_MAX as CONNECTIONS_MAX,
    Site as Site,
    serving as serving,
)
from interlock.notary.stamps import (
    Stamp as Stamp,
    StampServer as StampServer,
    request_stamp as request_stamp,
    require_certificates as require_certificates,
    verify_stamp as verify_stamp,
)
from interlock.notary.witness import Answer as Answer, Witness as Witness
from interlock.notary.witnesses import (
    Asked as Asked,
    Collected as Collected,
    WitnessAddress as WitnessAddress,
    collect_cosignatures as collect_cosignatures,
)

__all__ = [
    "Answer",
    "ANSWER_BYTES_MAX",
    "Asked",
    "change_keys",
    "check_extends",
    "CHECKPOINT",
    "collect_cosignatures",
    "Collected",
    "CONNECTIONS_MAX",
    "create_keys",
    "create_memory",
    "endorse",
    "Endorsed",
    "Endorsers",
    "head_of",
    "keep_cosigned",
    "kept_stamp",
    "KeyRing",
    "last_checkpoint_file",
    "last_signed",
    "locked_keys",
    "LogKey",
    "Memory",
    "new_ring",
    "parse_keys",
    "publish",
    "Published",
    "read_checkpoint",
    "read_keys",
    "read_stamp",
    "request_stamp",
    "require_certificates",
    "Seen",
    "serving",
    "sign_log",
    "Site",
    "Stamp",
    "StampServer",
    "verify_stamp",
    "with_ended_key",
    "with_new_key",
    "Witness",
    "WitnessAddress",
]
