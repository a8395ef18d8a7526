#!/usr/bin/env python3
"""Hold docs/domain.md to the tests: every name in its tables is a test, a planted bug or a file of tests of this repository."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = re.compile(r"`([a-z0-9_]+)`")
FOLDERS = ["crates", "services", "gateway", "cli", "loadtest", "e2e"]


def known():
    """Functions of all sources, and names of the files of tests."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.rs")):
            if "target" in path.parts:
                continue
            yield from re.findall(r"\bfn ([a-z0-9_]+)", path.read_text(encoding="utf-8"))
            if "tests" in path.parts:
                yield path.stem


def main():
    lines = (ROOT / "docs/domain.md").read_text(encoding="utf-8").splitlines()
    named = {name for line in lines if line.startswith("| ") for name in NAME.findall(line)}
    missing = sorted(named - set(known()))
    for name in missing:
        print(f"docs/domain.md names the test {name}, which is not there")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
