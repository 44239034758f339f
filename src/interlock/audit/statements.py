"""A receipt as an in-toto statement in a DSSE envelope, for tools that speak these.

The statement's predicate is the receipt, its subject the SHA-256 of the receipt's canonical JSON.
The envelope is signed with the log's own key. That proves no more than the receipt alone; it lets
whoever collects attestations keep this one beside the others.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, cast

from interlock.audit.signatures import Signer, VerifierKey, verify_ed25519
from interlock.audit.strict import read_strict, refused
from interlock.errors import ensure
from interlock.values import Json, canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "interlock:receipt/v1"


def pae(payload_type: str, payload: bytes) -> bytes:
    """Give the bytes that a DSSE signature is over (pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def receipt_statement(receipt: bytes) -> bytes:
    """Write the in-toto statement of a receipt.

    Raises:
        EvidenceRefused: the receipt is no JSON object.
    """
    found = read_strict(receipt)
    if not isinstance(found, dict):
        raise refused("IL8542", "a receipt is a JSON object")
    subject: Json = {
        "name": f"receipt of run {found.get('run')}",
        "digest": {"sha256": sha256(canonical(found)).hexdigest()},
    }
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [subject],
            "predicateType": PREDICATE_TYPE,
            "predicate": found,
        }
    )


def sign_statement(payload: bytes, signers: Sequence[Signer]) -> bytes:
    """Put a statement into a DSSE envelope, signed by each signer."""
    ensure(bool(signers), "an envelope needs a signature")
    message = pae(PAYLOAD_TYPE, payload)
    signatures: list[Json] = [
        {"keyid": key_id(one.verifier()), "sig": b64encode(one.sign(message)).decode()}
        for one in signers
    ]
    envelope: dict[str, Json] = {
        "payloadType": PAYLOAD_TYPE,
        "payload": b64encode(payload).decode(),
        "signatures": signatures,
    }
    return canonical(envelope) + b"\n"


def key_id(key: VerifierKey) -> str:
    """Name a key in an envelope: `NAME+ID`. It helps to find the key, and proves nothing."""
    return f"{key.name}+{key.id:08x}"


def open_statement(data: bytes, keys: Sequence[VerifierKey]) -> bytes:
    """Give the statement in an envelope that one of the keys has signed.

    Raises:
        EvidenceRefused: it is no envelope, or none of the keys has signed it.
    """
    kind, payload, signatures = _parts(read_strict(data))
    message = pae(kind, payload)
    if not any(verify_ed25519(key.public, message, one) for key in keys for one in signatures):
        raise refused("IL8507", "none of the keys that were given has signed", ("signatures",))
    return payload


def _parts(envelope: Json) -> tuple[str, bytes, list[bytes]]:
    try:
        found = cast(dict[str, Any], envelope)
        signatures = [b64decode(one["sig"], validate=True) for one in found["signatures"]]
        return str(found["payloadType"]), b64decode(found["payload"], validate=True), signatures
    except (AttributeError, KeyError, TypeError, ValueError, Base64Error) as error:
        raise refused("IL8542", "this is no DSSE envelope") from error
