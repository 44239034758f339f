"""The reference of diagnostics says what the table of codes and the golden texts say.

`UPDATE_GOLDEN=1 pytest` writes it anew.
"""

import os
import re

from interlock.errors import CODES
from tidy.diagnostics_page import FAMILIES, PAGE, written


def test_the_page_is_current():
    text = written()
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text, encoding="utf-8")
    cure = "UPDATE_GOLDEN=1 pytest tests/tidy/test_diagnostics_page.py"
    assert PAGE.read_text(encoding="utf-8") == text, f"write it anew: {cure}"


def test_every_code_is_on_the_page():
    told = re.findall(r"^### `(IL\d{4})`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert told == sorted(CODES)


def test_every_code_is_of_one_family():
    assert all(sum(code.startswith(one) for one in FAMILIES) == 1 for code in CODES)


def test_what_documents_and_compile_say_has_an_example():
    text = PAGE.read_text(encoding="utf-8")
    shown = set(re.findall(r"^(?:error|warning)\[(IL\d{4})\]", text, re.MULTILINE))
    families = ("IL10", "IL11", "IL20", "IL22", "IL4")
    # The exceptions' own; what is told elsewhere; what cannot be reached from a document.
    elsewhere = {"IL1017", "IL2010", "IL2011", "IL2213"}
    assert {code for code in CODES if code.startswith(families)} - shown <= elsewhere
