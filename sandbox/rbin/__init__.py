"""The Recycle Bin: its rules, and the service that manages them."""

from sandbox.rbin.rule import Kind
from sandbox.rbin.service import answer, reset, rules_of

__all__ = ["Kind", "answer", "reset", "rules_of"]
