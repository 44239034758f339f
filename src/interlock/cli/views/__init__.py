"""Runs, nodes, plans and findings as people and programs see them."""
