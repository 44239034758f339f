"""Whether everything that one schema accepts is accepted by another.

"yes" and "no" are proofs; "unknown" leaves the edge to be checked at run time. "yes" is the
library's: it proves containment of the canonical forms of both schemas; for schemas that refer to
themselves it is ours (see `structure`). "no" is ours where the library hesitates: a value that the
producer's schema accepts and the consumer's refuses.
"""

from functools import lru_cache
from itertools import chain, islice
from typing import Literal, TypeAlias, cast

from interlock.values.canonical import canonical
from interlock.values.checker import Checker, Problem
from interlock.values.describe import describe
from interlock.values.domain import decode
from interlock.values.examples import examples
from interlock.values.immutable import immutable
from interlock.values.places import shown_json
from interlock.values.schema import Schema, as_schema, essence
from interlock.values.structure import Structure, refers

Answer: TypeAlias = Literal["yes", "no", "unknown"]

CACHED_MAX = 4_096
CANDIDATES_MAX = 400
COMPARED_MAX = 32


@immutable()
class Counterexample:
    """What a producer may return and a consumer refuses.

    Attributes:
        words: the value, shortened; or which values, where none was found.
        problems: what the consumer says against the value; empty where none was found.
    """

    words: str
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        return f"{self.words}: {self.problems[0]}" if self.problems else self.words


def covers(consumer: Schema, producer: Schema) -> Answer:
    """Tell whether the consumer accepts every value that the producer may return.

    Titles, descriptions and defaults do not matter. Formats do.
    """
    wanted, given = canonical(essence(consumer)), canonical(essence(producer))
    return "yes" if wanted == given or wanted in ANYTHING else _judged(wanted, given)[0]


def counterexample(consumer: Schema, producer: Schema) -> Counterexample | None:
    """Show what the producer may return and the consumer refuses, and why.

    Returns:
        Such as `{"n":null}: null is not of type 'integer' at /n`; None when `covers` does not
        say "no".
    """
    wanted, given = canonical(essence(consumer)), canonical(essence(producer))
    if wanted == given or wanted in ANYTHING:
        return None
    answer, example = _judged(wanted, given)
    return example if answer == "no" else None


ANYTHING = frozenset({b"true", b"{}"})


@lru_cache(maxsize=CACHED_MAX)
def _judged(wanted: bytes, given: bytes) -> tuple[Answer, Counterexample | None]:
    """Answer, with an example where the answer is "no"; the schemas come as canonical bytes."""
    consumer, producer = as_schema(decode(wanted)), as_schema(decode(given))
    answer, gap = _contained(consumer, producer)
    if answer == "yes" or (answer == "unknown" and _is_proven_by_structure(consumer, producer)):
        return "yes", None
    example = _refused_example(consumer, producer, gap)
    if example is not None:
        return "no", example
    words = f"some values of {describe(producer if gap is True else gap)}"
    return answer, Counterexample(words=words)


def _is_proven_by_structure(consumer: Schema, producer: Schema) -> bool:
    if not refers(consumer) and not refers(producer):
        return False
    return Structure(consumer, producer, lambda one, other: covers(one, other) == "yes").holds()


def _contained(consumer: Schema, producer: Schema) -> tuple[Answer, Schema]:
    """Ask the library; the second result is the schema of what is refused, as far as it tells."""
    import jsonschema_rs

    def canonicalized(schema: Schema) -> jsonschema_rs.CanonicalSchema:
        return jsonschema_rs.canonicalize(
            schema, draft=jsonschema_rs.Draft202012, validate_formats=True, offline=True
        )

    try:
        wanted, given = canonicalized(consumer), canonicalized(producer)
        answer = wanted.covers(given)
        gap = cast("Schema", given.subtract(wanted).to_json_schema())
    except ValueError:
        return "unknown", True
    if answer == jsonschema_rs.canonical.Containment.YES:
        return "yes", False
    is_no = answer == jsonschema_rs.canonical.Containment.NO
    return ("no" if is_no else "unknown"), gap


def _refused_example(consumer: Schema, producer: Schema, gap: Schema) -> Counterexample | None:
    """Find a value that the producer's schema accepts and the consumer's refuses.

    Of the first few, a value of a wrong type tells more than one that is out of range.
    """
    accepting, refusing = Checker(producer), Checker(consumer)
    candidates = islice(chain(examples(gap), examples(producer)), CANDIDATES_MAX)
    found = (one for one in candidates if accepting.accepts(one) and not refusing.accepts(one))
    shown = [
        Counterexample(words=shown_json(one), problems=refusing.problems(one))
        for one in islice(found, COMPARED_MAX)
    ]
    return min(shown, key=lambda one: not one.problems[0].wrong_type, default=None)
