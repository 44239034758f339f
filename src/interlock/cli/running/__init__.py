"""Driving runs and deciding about them."""
