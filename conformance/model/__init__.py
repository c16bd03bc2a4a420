"""Frozen value types of the suite; no input, no output."""
