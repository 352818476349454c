"""The large pass: every operation, every way to be wrong (``python -m tests.sandbox.fuzz``)."""

import sys
from collections import Counter

from sandbox.process import Sandbox
from tests.sandbox.bad_input import ask, service, wrongs

SERVICES = ("ec2", "elbv2", "autoscaling", "ssm", "kms", "sts", "dynamodb")


def main() -> int:
    """1 when any answer is one that no SDK should get."""
    codes: Counter[tuple[str, str]] = Counter()
    bad = 0
    with Sandbox():
        for name in SERVICES:
            model = service(name)
            for each in sorted(model.operation_names):
                operation = model.operation_model(each)
                for how, document, more in wrongs(operation):
                    answer = ask(operation, document, **more)
                    codes[name, answer.code] += 1
                    if answer.complaint:
                        bad += 1
                        sys.stdout.write(f"{name} {each}, {how}: {answer.complaint}\n")
    for (name, code), count in codes.most_common(60):
        sys.stdout.write(f"{count:6} {name} {code}\n")
    sys.stdout.write(f"{codes.total()} requests, {bad} answers that are not AWS's\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
