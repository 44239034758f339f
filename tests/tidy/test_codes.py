"""Every code is used, declared and explained."""

from tidy.codes import code_problems, used_codes
from tidy.repository import refuse


def test_codes_are_used_declared_and_explained():
    refuse(code_problems())


def test_codes_are_found_in_src():
    assert used_codes()["IL9000"].startswith("src/interlock/errors/")
