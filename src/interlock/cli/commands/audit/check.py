"""`interlock audit check`: a receipt against public keys, offline."""

from base64 import b64decode
from typing import Any, cast

import click

from interlock.audit import Trust, check_receipt, hint_for, parse_note, read_strict, verdict_lines
from interlock.cli.terminal.console import err, out, out_json, plain, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option
from interlock.cli.trail.evidence import certificates_in, public_keys, receipt_bytes
from interlock.errors import EvidenceRefused
from interlock.runtime import SystemClock
from interlock.values import Json


@click.command(epilog=example("interlock audit check receipt.json --key log.pub"))
@click.argument("file", metavar="FILE")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="VKEY|FILE",
    help="A public key of the log, or a file with one a line; one of them has to have signed.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY|FILE",
    help="A public key of a witness; each has to have cosigned.",
)
@click.option(
    "--stamp-certificates",
    "certificates",
    metavar="FILE",
    help="PEM certificates that answer for the server of the time stamps; there has to be one, and"
    " each has to hold.",
)
@json_option
def check(
    file: str,
    *,
    keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    certificates: str | None,
    as_json: bool,
) -> int:
    """Check a receipt with public keys alone: no journal, no network.

    It says what the receipt proves, what it does not show, and what no receipt can prove; or the
    first place that does not hold, and why. Ends with 6 if anything does not hold.
    """
    data = receipt_bytes(file)
    try:
        now_ms = SystemClock().now_ms()
        trust = Trust(keys=public_keys(keys), witnesses=public_keys(witnesses), now_ms=now_ms)
        verdict = check_receipt(data, trust)
        if certificates is not None:
            answering = certificates_in(certificates)
            add_stamps(verdict, data, certificates=answering, now_ms=now_ms)
    except EvidenceRefused as error:
        err(tinted("\n".join(refusal_lines(error))))
        if as_json:
            facts = {"code": error.code, "place": error.place, "cause": error.message}
            out_json({"verdict": "refused", **facts})
        return Exit.DIVERGED
    if as_json:
        out_json(verdict)
    else:
        out("\n".join(verdict_lines(verdict)))
    return Exit.OK


def add_stamps(verdict: dict[str, Json], data: bytes, *, certificates: bytes, now_ms: int) -> None:
    """Check the time stamps of a receipt that was checked, and add who gave them and when.

    Raises:
        EvidenceRefused: one does not hold, or there is none.
        ExtraMissing: the extra `timestamps` is not installed.
    """
    from interlock.notary import verify_stamp

    receipt = cast(dict[str, Any], read_strict(data))
    note = parse_note(receipt["checkpoint"].encode())
    stamps = cast(dict[str, Any], verdict["log"])["stamps"]
    if not receipt["stamps"]:
        message = "the receipt has no time stamp that the certificates could answer for"
        raise EvidenceRefused(message, code="IL8548", place="$.stamps")
    for at, encoded in enumerate(receipt["stamps"]):
        try:
            stamp = verify_stamp(b64decode(encoded), note, certificates=certificates, now_ms=now_ms)
        except EvidenceRefused as error:
            error.place = f"$.stamps[{at}]"
            raise
        stamps["verified"].append({"at_ms": stamp.time_ms, "authority": stamp.authority})


def refusal_lines(error: EvidenceRefused) -> list[str]:
    """Tell what does not hold, where, and what to do about it."""
    hint = error.hint or hint_for(error.code)
    lines = [f"error[{error.code}]: {plain(error.message)}"]
    if error.place:
        lines.append(f"place: {plain(error.place)}")
    return [*lines, f"hint: {hint}"]
