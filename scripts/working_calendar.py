#!/usr/bin/env python3
"""Write crates/civic/data/calendar.csv, holidays and make-up workdays, from the npm package chinese-days.

The package follows the State Council's yearly notices. A later year: raise PACKAGE here and CHINA_VERSION in calendar.rs, or load it at run time.
Usage: scripts/working_calendar.py [FOLDER]    FOLDER: an unpacked package; without it `npm pack` fetches the pinned version.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = "chinese-days@1.5.7"
YEARS = range(2004, 2027)
OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "crates/civic/data/calendar.csv"
HEADER = f"""\
# Holidays and make-up workdays of the State Council's notices, {YEARS[0]} to {YEARS[-1]}.
# Written by scripts/working_calendar.py from npm {PACKAGE}.
date,kind,name
"""


def fetch(into):
    """Unpack the pinned package and give its folder."""
    done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=into, check=True, capture_output=True, text=True)
    subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=into, check=True)
    return pathlib.Path(into) / "package"


def rows(package):
    """(date, kind, name of the festival in Chinese), ordered by date."""
    days = json.loads((package / "dist/chinese-days.json").read_text(encoding="utf-8"))
    both = days["holidays"].keys() & days["workdays"].keys()
    if both:
        sys.exit(f"both holiday and workday: {sorted(both)}")
    listed = [(date, "holiday", text.split(",")[1]) for date, text in days["holidays"].items()]
    listed += [(date, "workday", text.split(",")[1]) for date, text in days["workdays"].items()]
    years = {int(date[:4]) for date, _, _ in listed}
    if years != set(YEARS):
        sys.exit(f"expected the years {YEARS[0]} to {YEARS[-1]}, found {sorted(years)}")
    return sorted(listed)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        package = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else fetch(temporary)
        body = "".join(f"{date},{kind},{name}\n" for date, kind, name in rows(package))
    OUTPUT.write_text(HEADER + body, encoding="utf-8")
    print(f"wrote {OUTPUT.name}: {body.count(chr(10))} days")


if __name__ == "__main__":
    main()
