#!/usr/bin/env python3
"""Write loadtest/corpus.jsonl: a thousand reports for the benches, invented, of no person.

Sources, both in this repository: towns from crates/civic/data/divisions.csv (code and name, nothing else is read), categories from
crates/civic/data/categories.csv. Sentences, names and shares stand below; the one phone number is a sample that every clerk knows
to be one. The same seed writes the same bytes.

What the corpus is: 1,000 bodies of POST /v1/reports without request ids, over all categories and 200 towns. Two in three name a
category, the others are read by the keyword rules; one in six is anonymous. Text of 20 to 110 characters, half of them up to
about 34: a hotline's note, not a letter.

Usage: scripts/corpus.py [--check]    --check compares instead of writing.
"""
import csv
import json
import pathlib
import random
import sys

SEED = 20_261_122
REPORTS = 1000
TOWNS = 200
ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "loadtest/corpus.jsonl"
# Districts that the reform of 2025-11-06 dissolved or redrew: their towns have other districts, or other codes, at other dates.
REDRAWN = {"500105", "500109", "500112"}

KINDS = {"COMPLAINT": 61, "HELP": 19, "CONSULT": 8, "ACCUSATION": 7, "SUGGESTION": 5}
URGENCIES = {"LEVEL_TWO": 11, "LEVEL_THREE": 61, "LEVEL_FOUR": 28}
SURNAMES = "王李赵钱孙周吴郑冯陈"
PHONE = "13800138000"
WHEN = ["今天早上", "昨晚十点以后", "这几天", "上周起", "近一个月", "每到周末", "下雨以后"]
WHERE = ["小区门口", "学校对面", "菜市场旁", "公交站边", "停车场入口", "楼道里", "老街口", "河边步道", "广场南侧", "村委会附近"]
HOW = ["一直没有人管", "情况反复出现", "第1次反映", "第2次反映", "第3次反映", "第4次反映", "已经影响出行"]
WISH = ["请尽快派人处理。", "希望给个答复。", "麻烦现场看一下。", "请告知由哪个单位负责。", "老人和孩子都受影响。"]


def rows(name):
    """Rows of a data file of civic, without its comments."""
    with open(ROOT / "crates/civic/data" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def towns(rng):
    """So many towns: nine digits, of districts that are the same before and after the reform."""
    codes = [row["code"] for row in rows("divisions.csv") if len(row["code"]) == 9]
    return rng.sample([code for code in codes if code[:6] not in REDRAWN], TOWNS)


def weighted(rng, shares):
    """One of the keys, by its share."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def text(rng, category):
    """A clerk's note: when, where, what, how, what is wished for; every third with an addition."""
    note = f"{rng.choice(WHEN)}，{rng.choice(WHERE)}反映{category}，{rng.choice(HOW)}，{rng.choice(WISH)}"
    if rng.random() < 0.33:
        note += "补充：" + rng.choice(WISH) * rng.randint(1, 6)
    return note


def report(rng, town, category):
    """A body of POST /v1/reports without its request id."""
    known = rng.random() < 0.84
    body = {"kind": weighted(rng, KINDS), "channel": "HOTLINE_12345", "text": text(rng, category["name_zh"])}
    if rng.random() < 0.68:
        body["categoryCode"] = category["code"]
    body["location"] = {"divisionCode": town}
    body["reporter"] = {"name": rng.choice(SURNAMES) + "某", "phone": PHONE} if known else {"anonymous": True}
    body["urgency"] = weighted(rng, URGENCIES)
    return body


def main():
    rng = random.Random(SEED)
    places, categories = towns(rng), rows("categories.csv")
    # Every category is there before chance repeats one.
    what = [categories[n % len(categories)] for n in range(REPORTS)]
    rng.shuffle(what)
    lines = [json.dumps(report(rng, rng.choice(places), category), ensure_ascii=False) + "\n" for category in what]
    if "--check" in sys.argv[1:]:
        if OUTPUT.read_text(encoding="utf-8") != "".join(lines):
            sys.exit(f"{OUTPUT.name} is not what this script writes")
        return
    OUTPUT.write_text("".join(lines), encoding="utf-8")
    lengths = sorted(len(json.loads(line)["text"]) for line in lines)
    print(f"{OUTPUT.name}: {len(lines)} reports, texts {lengths[0]} to {lengths[-1]} characters, median {lengths[500]}")


if __name__ == "__main__":
    main()
