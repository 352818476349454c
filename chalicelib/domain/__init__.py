"""Decisions: pure functions over frozen values. No clock, no environment, no I/O."""
