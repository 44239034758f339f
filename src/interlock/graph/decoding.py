"""From bytes to text: UTF-8, checked, with the place of what is wrong."""

import codecs
import re

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph.limits import DocumentLimits, over
from interlock.graph.scan import TEXT_FILE, Scan

# What YAML forbids, and the line breaks of YAML 1.1 that 1.2 reads as text: the parsers fold them.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_NAMES = {
    "\x00": "a NUL character",
    "\x85": "a `next line` character",
    "\u2028": "a `line separator` character",
    "\u2029": "a `paragraph separator` character",
    "\ufeff": "a byte order mark",
}


def decode_text(data: bytes | str, *, file: str | None, limits: DocumentLimits) -> Scan:
    """Decode a document and begin its scan.

    Raises:
        DocumentInvalid: it is too large or not UTF-8.
    """
    name = file or TEXT_FILE
    if len(data) > limits.bytes_max:
        raise _refused(
            name,
            over(
                "IL5001",
                f"the document has {len(data):,} bytes or more",
                limit=("bytes_max", limits.bytes_max),
            ),
        )
    if isinstance(data, str):
        return _checked(name, data)
    for mark, encoding in _WIDE.items():
        if data.startswith(mark):
            raise _refused(name, _wide(encoding))
    try:
        return _checked(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _undecodable(name, data, at=error.start) from None


def _checked(name: str, text: str) -> Scan:
    scan = Scan(file=name, text=text.removeprefix("\ufeff"))
    half = re.search("[\ud800-\udfff]", scan.text)
    if half is None:
        return scan
    scan.text = scan.text.encode("utf-8", "replace").decode("utf-8")
    scan.fail(
        "IL1015",
        f"`\\u{ord(half[0]):04x}` is half of a character",
        hint="write the whole character",
        at=half.span(),
    )
    raise scan.invalid()


def refuse_forbidden(scan: Scan) -> None:
    """Refuse characters that cannot stand in YAML as they are.

    Raises:
        Stop: there is one; the scan has the problem.
    """
    found = _FORBIDDEN.search(scan.text)
    if found is None:
        return
    what = _NAMES.get(found[0], f"the control character U+{ord(found[0]):04X}")
    escape = f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}"
    # The excerpt must not print it, nor break the line at it.
    scan.text = _FORBIDDEN.sub("\ufffd", scan.text)
    raise scan.fail(
        "IL1002",
        f"{what} cannot stand in a document",
        hint=f"remove it, or write it as `{escape}` inside double quotes",
        at=found.span(),
    )


def _wide(encoding: str) -> Diagnostic:
    return Diagnostic(
        code="IL1001",
        message=f"the document is {encoding}, not UTF-8",
        hint="save it as UTF-8",
    )


def _undecodable(name: str, data: bytes, *, at: int) -> DocumentInvalid:
    scan = Scan(file=name, text=data.decode("utf-8", "replace"))
    start = len(data[:at].decode("utf-8"))
    scan.text = _FORBIDDEN.sub("\ufffd", scan.text)
    scan.fail(
        "IL1001",
        f"byte 0x{data[at]:02X} at offset {at:,} is not UTF-8",
        hint="save the document as UTF-8",
        at=(start, start + 1),
    )
    return scan.invalid()


def _refused(name: str, diagnostic: Diagnostic) -> DocumentInvalid:
    return DocumentInvalid((diagnostic,), Scan(file=name, text="").source())
