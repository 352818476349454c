"""The contract: what EC2 promises, one test per rule, wherever it can be asked.

The sandbox is asked in process, over HTTP and through the AWS command line; a real account
can be asked by whoever has one (see ``account``). A test's name is the rule, its docstring
the source; ``index`` makes ``docs/sandbox-rules.md`` of both.
"""
