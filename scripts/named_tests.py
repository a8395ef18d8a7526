#!/usr/bin/env python3
"""Hold docs/domain.md, docs/lines.md and docs/security.md to the tests: every name in their tables is a test, a planted bug or a file of tests of this repository."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = re.compile(r"`([a-z0-9_]+)`")
FOLDERS = ["proto", "crates", "services", "gateway", "cli", "loadtest", "e2e", "xtask"]
DOCUMENTS = ["docs/domain.md", "docs/lines.md", "docs/security.md"]


def known():
    """Functions of all sources, and names of the files of tests."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.rs")):
            if "target" in path.parts:
                continue
            yield from re.findall(r"\bfn ([a-z0-9_]+)", path.read_text(encoding="utf-8"))
            if "tests" in path.parts:
                yield path.stem


def missing(text, there):
    """Names in the rows of a document's tables that nothing here has."""
    named = {name for line in text.splitlines() if line.startswith("| ") for name in NAME.findall(line)}
    return sorted(named - there)


def main():
    there = set(known())
    gone = [(document, name) for document in DOCUMENTS for name in missing((ROOT / document).read_text(encoding="utf-8"), there)]
    for document, name in gone:
        print(f"{document} names the test {name}, which is not there")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
