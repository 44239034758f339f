"""Certify: prove of any graph, in simulation, that nothing is lost and nothing is done twice."""

from interlock.testing.certifying.answers import Answer as Answer, Answers as Answers
from interlock.testing.certifying.certification import (
    Certification as Certification,
    Failure as Failure,
    Tally as Tally,
    certify as certify,
    is_certificate as is_certificate,
)
from interlock.testing.certifying.courses import (
    KINDS as KINDS,
    MEANINGS as MEANINGS,
    QUICK as QUICK,
    WHOLE as WHOLE,
    Course as Course,
    Kind as Kind,
    Played as Played,
    Sizes as Sizes,
)

__all__ = [
    "Answer",
    "Answers",
    "Certification",
    "certify",
    "Course",
    "Failure",
    "is_certificate",
    "Kind",
    "KINDS",
    "MEANINGS",
    "Played",
    "QUICK",
    "Sizes",
    "Tally",
    "WHOLE",
]
