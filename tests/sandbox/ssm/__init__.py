"""Tests of the sandbox's Systems Manager."""
