"""Rollback as data: the plan to read, the journal of what was done, and the way back."""
