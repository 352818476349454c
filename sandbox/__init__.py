"""A local AWS that keeps EC2's real rules: moto, extended file by file.

Nothing here is packaged into a Lambda. Each module of ``sandbox.ec2`` corrects
one family of EC2 resources and cites the page or model field that its rules
come from, so that it could be offered upstream to moto.
"""
