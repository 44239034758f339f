"""What auditors hand to the command line: public keys and receipts, as files or as text."""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from interlock.audit import VerifierKey, parse_key
from interlock.errors import EvidenceRefused, UsageError

KEY_FILE_BYTES_MAX = 1 << 20
FILE_BYTES_MAX = 64 << 20
CERTIFICATES_BYTES_MAX = 1 << 20
CERTIFICATES_HINT = "give the path of certificates in PEM"
PAGE_PLACE = "/* verifier */"


def public_keys(given: Iterable[str]) -> list[VerifierKey]:
    """Read public keys: each is a file with one key a line, or a key itself.

    Raises:
        UsageError: neither a file nor a key.
        EvidenceRefused: a key that is none, or a file without any: what is asked for must count.
    """
    keys: list[VerifierKey] = []
    for each in given:
        found = [line for line in _lines(each) if line and not line.startswith("#")]
        if not found:
            raise EvidenceRefused(f"`{each}` has no public key in it", code="IL8505")
        keys += map(parse_key, found)
    return keys


def _lines(given: str) -> list[str]:
    path = Path(given)
    if "\n" not in given and _is_file(path):
        # What is no text is no key either: it is refused as one.
        text = read_some(path, KEY_FILE_BYTES_MAX).decode(errors="replace")
        return [line.strip() for line in text.splitlines()]
    if given.count("+") < 2:
        raise UsageError(
            f"there is no file `{given}`, and it is no public key",
            hint="give a key as NAME+ID+KEY, or a file with one a line",
        )
    return [given]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # No file has so long a name, and a key may.


def receipt_bytes(name: str) -> bytes:
    """Read a receipt; of a file that is too large only as much as shows that it is.

    Raises:
        UsageError: there is no such file.
    """
    return _given(name, FILE_BYTES_MAX, hint="give the path of a receipt")


def certificates_in(name: str) -> bytes:
    """Read the certificates that answer for a server of time stamps.

    Raises:
        UsageError: there is no such file, or it has no certificates.
    """
    from interlock.notary import require_certificates

    data = _given(name, CERTIFICATES_BYTES_MAX, hint=CERTIFICATES_HINT)
    try:
        require_certificates(data)
    except EvidenceRefused as error:
        told = f"`{name}` has no certificates that could be read"
        raise UsageError(told, hint=CERTIFICATES_HINT) from error
    return data


def _given(name: str, most: int, *, hint: str) -> bytes:
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no file `{name}`", hint=hint)
    return read_some(path, most)


def read_some(path: Path, most: int) -> bytes:
    """Read a file; of one that is larger only as much as shows that it is."""
    with path.open("rb") as file:
        return file.read(most + 1)


def verifier_script() -> str:
    """Give the verifier in JavaScript: one file for Node and browsers."""
    folder = files("interlock.audit") / "verifier"
    return (folder / "interlock-verify.mjs").read_text(encoding="utf-8")


def verifier_page() -> str:
    """Give the same verifier as a page that needs no network."""
    page = (files("interlock.audit") / "verifier" / "page.html").read_text(encoding="utf-8")
    return page.replace(PAGE_PLACE, verifier_script())
