"""A cloud in plain Python that keeps EC2's rules, so that jobs can be tested by the thousand.

It fulfils every Protocol of ``chalicelib/jobs/ports.py``. Where EC2 promises nothing, it
is pessimistic: what may go wrong does. ``tests/jobs/test_contract.py`` holds it and the
real gateways over the sandbox to the same rules.
"""
