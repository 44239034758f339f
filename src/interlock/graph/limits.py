"""Limits of a document, enforced where its text enters."""

from interlock.errors import Diagnostic
from interlock.values import immutable


@immutable()
class DocumentLimits:
    """What a document may be at most.

    Aliases are counted with all that they stand for; nodes with those of local graphs and files.
    """

    bytes_max: int = 4 * 1024 * 1024
    depth_max: int = 100
    values_max: int = 500_000
    aliases_max: int = 1_000
    nodes_max: int = 10_000
    files_max: int = 100
    file_depth_max: int = 16
    problems_max: int = 100


def over(code: str, what: str, *, limit: tuple[str, int], pointer: str = "") -> Diagnostic:
    """Say that a limit of the document was passed, which one, and how to raise it."""
    name, value = limit
    return Diagnostic(
        code=code,
        message=f"{what}; `{name}` is {value:,}",
        pointer=pointer,
        hint=f"make the document smaller, or raise `{name}` of DocumentLimits",
    )
