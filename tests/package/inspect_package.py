"""`make package`: is what `chalice package` built exactly what a Lambda needs, and does it run?

Not a pytest test: building needs a package registry. Prints what it saw and exits 1 with
every fault at once.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".chalice" / "config.json"
MOST_BYTES = 2_000_000
"""Of a function's own zip: it is sent once per function by `chalice deploy`."""

OURS = ("app.py", "chalicelib/")
ROUTER = ("chalice/__init__.py", "chalice/app.py")
"""What Chalice itself puts beside the application; never the rest of it."""

LIBRARIES = {
    "aws_lambda_powertools", "boto3", "botocore", "cronsim", "dateutil", "jmespath",
    "s3transfer", "six.py", "typing_extensions.py", "tzdata", "urllib3",
}  # fmt: skip
"""The top-level names that requirements.txt may bring, dependencies included."""

DISTRIBUTIONS = {
    "aws_lambda_powertools", "boto3", "botocore", "cronsim", "jmespath", "python_dateutil",
    "s3transfer", "six", "typing_extensions", "tzdata", "urllib3",
}  # fmt: skip

TRY_IMPORT = """
import importlib, sys
sys.path[:0] = sys.argv[2:]
module, name = sys.argv[1].rsplit(".", 1)
found = getattr(importlib.import_module(module), name)
assert callable(found), f"{found!r} can not be called"
"""


def main(package: Path) -> int:
    """Look at everything, say what is wrong, return the exit code."""
    template = json.loads((package / "sam.json").read_text())
    archives = {
        "deployment.zip": package / "deployment.zip",
        "layer-deployment.zip": package / "layer-deployment.zip",
    }
    faults = [f"{name} is missing" for name, path in archives.items() if not path.is_file()]
    if not faults:
        faults += _application(archives["deployment.zip"])
        faults += _layer(archives["layer-deployment.zip"])
        faults += _functions(template)
        faults += _imports(template, archives)
    for fault in faults:
        sys.stderr.write(f"package: {fault}\n")
    if not faults:
        size = archives["deployment.zip"].stat().st_size
        layer = archives["layer-deployment.zip"].stat().st_size
        sys.stdout.write(
            f"package: {len(_handlers(template))} functions import from the artefact alone; "
            f"function zip {size / 1e3:.0f} KB, layer {layer / 1e6:.1f} MB\n"
        )
    return 1 if faults else 0


def _application(archive: Path) -> Iterator[str]:
    """The function's own zip: our code, the router, nothing else."""
    names = _names(archive)
    for name in names:
        if name not in ROUTER and not name.startswith(OURS):
            yield f"deployment.zip holds {name}, which is not the application's"
        if name.startswith("chalicelib/") and not name.endswith(".py"):
            yield f"deployment.zip holds {name}, which is no source (clean the tree first)"
    for wanted in ("app.py", *ROUTER):
        if wanted not in names:
            yield f"deployment.zip lacks {wanted}"
    shipped = {n for n in names if n.startswith("chalicelib/")}
    sources = {str(p.relative_to(ROOT)) for p in (ROOT / "chalicelib").rglob("*.py")}
    if missing := sorted(sources - shipped):
        yield f"deployment.zip lacks {', '.join(missing)}"
    if archive.stat().st_size > MOST_BYTES:
        yield f"deployment.zip has {archive.stat().st_size} bytes, more than {MOST_BYTES}"


def _layer(archive: Path) -> Iterator[str]:
    """The layer: what requirements.txt asks for and what that needs, by an explicit list."""
    tops: set[str] = set()
    for name in _names(archive):
        match = re.match(r"python/lib/python3\.\d+/site-packages/([^/]+)", name)
        if match is None:
            yield f"the layer holds {name}, which no Lambda would look at"
        else:
            tops.add(match[1])
    dists = {t.split("-")[0] for t in tops if t.endswith((".dist-info", ".data"))}
    found = {t for t in tops if not t.endswith((".dist-info", ".data"))}
    for extra in sorted((found - LIBRARIES) | (dists - DISTRIBUTIONS)):
        yield f"the layer holds {extra}, which no function needs"
    for lost in sorted(LIBRARIES - found):
        yield f"the layer lacks {lost}"


def _functions(template: dict[str, Any]) -> Iterator[str]:
    """Every function of config.json is in the template, with a role of its own."""
    config = json.loads(CONFIG.read_text())
    handlers = _handlers(template)
    roles: dict[str, str] = {}
    for stage, settings in config["stages"].items():
        wanted = {f"app.{name}" for name in settings["lambda_functions"]}
        if wanted != set(handlers.values()):
            yield (
                f"config.json has {sorted(wanted)} in {stage}, "
                f"the template has {sorted(handlers.values())}"
            )
    for function in handlers:
        role = json.dumps(template["Resources"][function]["Properties"]["Role"])
        if role in roles:
            yield f"{function} and {roles[role]} share a role"
        roles[role] = function
        if f"{function}Role" not in template["Resources"]:
            yield f"{function} has no role in the template"


def _imports(template: dict[str, Any], archives: dict[str, Path]) -> Iterator[str]:
    """Each handler imports in a clean interpreter that sees nothing but the artefact."""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in archives.items():
            with ZipFile(path) as opened:
                opened.extractall(Path(folder) / name)
        [libraries] = (Path(folder) / "layer-deployment.zip").glob("python/lib/*/site-packages")
        places = [str(Path(folder) / "deployment.zip"), str(libraries)]
        for handler in sorted(_handlers(template).values()):
            ran = subprocess.run(  # noqa: S603 (our own interpreter, our own script)
                [sys.executable, "-I", "-S", "-B", "-c", TRY_IMPORT, handler, *places],
                env={}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if ran.returncode:
                yield f"{handler} does not import: {ran.stderr.strip().splitlines()[-1]}"


def _handlers(template: dict[str, Any]) -> dict[str, str]:
    return {
        name: resource["Properties"]["Handler"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def _names(archive: Path) -> list[str]:
    with ZipFile(archive) as opened:
        return [i.filename for i in opened.infolist() if not i.is_dir()]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
