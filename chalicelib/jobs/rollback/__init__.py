"""Carrying out rollbacks: plan, approve, advance step by step, undo."""
