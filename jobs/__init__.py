"""Wiring: the only room that knows the others together."""
