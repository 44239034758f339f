"""The house rules hold for every file. Each message names the cure."""

import datetime
import re

import pytest

from tidy.codes import code_problems
from tidy.repository import exemptions, python_sources, refuse, text_sources
from tidy.rules import PYTHON_RULES, TEXT_RULES, Problem, Rule


@pytest.mark.parametrize("rule", PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_python_files_keep_the_rule(rule: Rule):
    problems = [problem for source in python_sources() for problem in rule(source)]
    refuse(problems)


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.__name__)
def test_text_files_keep_the_rule(rule: Rule):
    problems = [problem for source in text_sources() for problem in rule(source)]
    refuse(problems)


def test_every_exemption_is_needed():
    problems = every_problem()
    idle = [e for e in exemptions() if not any(e.covers(problem) for problem in problems)]
    assert not idle, "covers nothing any more: delete it from exemptions.toml"


def test_every_exemption_has_a_reason_and_a_date():
    bare = [
        entry
        for entry in exemptions()
        if not re.search(r"\w+\W+\w+", entry.reason) or type(entry.date) is not datetime.date
    ]
    assert not bare, "write the reason as a sentence and the date as 2026-11-23"


def every_problem() -> list[Problem]:
    python = [p for rule in PYTHON_RULES for source in python_sources() for p in rule(source)]
    text = [p for rule in TEXT_RULES for source in text_sources() for p in rule(source)]
    return python + text + code_problems()
