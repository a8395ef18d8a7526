#!/usr/bin/env python3
"""Hold docs/errors.md to the code: every stable reason that a caller can get has a row there, under the code it has in the source.

Usage: scripts/reasons.py          compare, end with 1 when they differ
       scripts/reasons.py --list   print reason, code as far as the source says it in one place, and files
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/errors.md"
SOURCES = ["crates/casebook/src", "crates/queue/src", "crates/mesh/src", "crates/guard/src", "services/*/src", "gateway/src", "cli/src/cluster"]
PROTO = "proto/jiewang/*/v1/*.proto"

# Upper-case words in quotes that are no reasons: enum names of the contract, settings, words of other protocols (gRPC's codes among them).
NO_REASONS = re.compile(
    r"JIEWANG_.*|CARGO_.*|LEVEL_(ONE|TWO|THREE|FOUR)|HOTLINE_12345|CITIZEN_WEB|MINI_PROGRAM|GRID_WORKER|POLICE_110"
    r"|[A-Z]+_UNSPECIFIED|IN_PROGRESS|HANDED_OVER"
    r"|INVALID_ARGUMENT|PERMISSION_DENIED|FAILED_PRECONDITION|RESOURCE_EXHAUSTED"
)
# Reasons of one word. Any other single upper-case word in quotes is taken for something else.
ONE_WORD = {
    "CANCELLED", "CONFLICT", "DENIED", "DRAINING", "EXHAUSTED", "INTERNAL", "INVALID", "OVERLOADED", "REFUSED", "UNAUTHENTICATED",
    "UNAVAILABLE",
}
# CANCELLED is also a state of work orders: it counts as a reason only where mesh reads strangers' statuses.
STATE_TOO = {"CANCELLED": "crates/mesh/src/error/problem.rs"}

LITERAL = re.compile(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"')
# Places where the code stands beside its reason.
FAULT = re.compile(r'Fault::new\(\s*(?:mesh::)?Code::(\w+),\s*"([A-Z0-9_]+)"')
EDGE = re.compile(r'^\s+\w+ "([A-Z0-9_]+)" (\w+) \d{3} "', re.MULTILINE)
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([a-z ]+?) \|", re.MULTILINE)
CODES = {
    "Invalid": "invalid", "Unauthenticated": "unauthenticated", "Denied": "denied", "NotFound": "not found", "Conflict": "conflict",
    "Refused": "refused", "Exhausted": "exhausted", "Unavailable": "unavailable", "Internal": "internal",
}


def files():
    for pattern in SOURCES:
        for folder in sorted(ROOT.glob(pattern)):
            for path in sorted(folder.rglob("*.rs")):
                if path.name != "tests.rs" and "tests" not in path.parts and "differential" not in str(path):
                    yield path


def without_tests(text):
    """The source up to its unit tests, without comments."""
    text = text.split("#[cfg(test)]\nmod ")[0]
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


def in_source():
    """Reason -> (codes written beside it, files)."""
    found = collections.defaultdict(lambda: (set(), set()))
    for path in files():
        name, text = str(path.relative_to(ROOT)), without_tests(path.read_text(encoding="utf-8"))
        for reason in LITERAL.findall(text):
            word = "_" not in reason
            if NO_REASONS.fullmatch(reason) or (word and reason not in ONE_WORD) or STATE_TOO.get(reason, name) != name:
                continue
            found[reason][1].add(name)
        for code, reason in FAULT.findall(text):
            found[reason][0].add(CODES[code])
        for reason, code in EDGE.findall(text):
            found[reason][0].add(CODES[code])
    return found


def in_proto():
    """Reasons that comments of the contract promise."""
    promised = collections.defaultdict(set)
    for path in sorted(ROOT.glob(PROTO)):
        for line in path.read_text(encoding="utf-8").splitlines():
            comment = line.strip()
            if comment.startswith("//"):
                for reason in re.findall(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b", comment):
                    if not NO_REASONS.fullmatch(reason):
                        promised[reason].add(path.name)
    return promised


def main():
    found = in_source()
    if "--list" in sys.argv[1:]:
        for reason in sorted(found):
            codes, where = found[reason]
            print(reason, ",".join(sorted(codes)) or "?", *sorted(where))
        return 0
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    described = {reason: code for reason, code in rows}
    wrong = [f"{reason} is described twice" for reason, n in collections.Counter(r for r, _ in rows).items() if n > 1]
    wrong += [f"{r} ({', '.join(sorted(found[r][1]))}) has no row" for r in sorted(found.keys() - described.keys())]
    wrong += [f"{reason} has a row, but the code does not know it" for reason in sorted(described.keys() - found.keys())]
    for reason in sorted(found.keys() & described.keys()):
        codes = found[reason][0]
        if codes and described[reason] not in codes:
            wrong.append(f"{reason} is {' or '.join(sorted(codes))} in the code, {described[reason]} in the row")
    for reason, where in sorted(in_proto().items()):
        if reason not in found:
            wrong.append(f"{reason} is promised in {', '.join(sorted(where))}, but the code does not know it")
    for line in wrong:
        print(f"docs/errors.md: {line}")
    print(f"{len(found)} reasons in the code, {len(described)} described", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
