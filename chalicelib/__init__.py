"""Snapback: recovery points of EC2 instances, their retention, and rollback.

``domain`` decides in plain values, ``aws`` talks to AWS, ``jobs`` read, decide,
guard, apply and report. ``wiring`` is where they meet; ``app.py`` and ``cli``
are the only ways in.
"""
