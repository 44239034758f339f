import unittest

from app import greeting


class Greets(unittest.TestCase):
    def test_by_name(self) -> None:
        said = greeting("Ada")
        if said != "Hello, Ada!":
            self.fail(said)
