"""Use cases: read, decide, guard, apply, report. AWS is met through ``ports`` only."""
