"""docs/verdicts.md, from the record of verdicts.py as it is on disk.

    python bench/verdicts_page.py
"""

import json
from pathlib import Path

RECORDS = Path(__file__).parent / "records"
SIMULATED, TRAINED = RECORDS / "verdicts.json", RECORDS / "verdicts_trained.json"
PAGE = Path(__file__).parents[1] / "docs" / "verdicts.md"


TEXT = """# What the verdicts are worth

`actlab compare` and `actlab judge` read one interval for each comparison, simultaneous over all of them, against a
margin m, the smallest difference that matters (MNIST .1 points, digits .6, never below two test examples), fixed before
training:

| the interval | verdict |
| --- | --- |
| beyond m on one side | better, worse |
| within m on both sides | practically equal (0 outside: reliably so much lower or higher, less than matters) |
| 0 outside, not beyond m | better or worse, perhaps slightly |
| otherwise | undecided, and how many more seeds would make the interval half a margin to each side |

From 8 pairs of seeds on it reaches as many standard errors as the largest |t| of all comparisons does in 5% of all
patterns of signs (100,000 from 17 seeds on), given to the differences less their mean; at 5 to 7 pairs it is Student's,
after Bonferroni; below 5 there is no verdict. Divergence is counted by itself (exact McNemar test). Where a run keeps
which test examples were right, a difference must also stand for other examples (a crossed interval), else it is "on
these examples only". With `--until-decided` intervals hold at every look
([Wang and Ramdas 2023](https://arxiv.org/abs/2310.03722)).

On simulated differences with known truth, shares with their 95% intervals, from
[this record](../bench/records/verdicts.json) of `python bench/verdicts.py`:

"""


def page(simulated: dict) -> str:
    return TEXT + "\n".join(_simulated(simulated)) + "\n"


def write() -> None:
    """The page anew, from the record on disk."""
    PAGE.write_text(page(json.loads(SIMULATED.read_text(encoding="utf-8"))), "utf-8")


def _shown(row: dict) -> str:
    return f"{100 * row['share']:.1f}% ({100 * row['low']:.1f} to {100 * row['high']:.1f})"


def _simulated(record: dict) -> list[str]:
    rows = record["rows"]

    def part(name: str) -> list[dict]:
        return [row for row in rows if row["part"] == name]

    seeds = (5, 8, 10, 20)
    shapes = list(dict.fromkeys(row["shape"] for row in part("false verdicts")))
    lines = [
        "| at least one false verdict, 6 arms | " + " | ".join(f"{n} seeds" for n in seeds) + " |",
        "| --- " * 5 + "|",
    ]
    for shape in shapes:
        found = {row["seeds"]: _shown(row) for row in part("false verdicts") if row["shape"] == shape}
        lines.append(f"| {shape} differences | " + " | ".join(found[n] for n in seeds) + " |")
    equal = max(part("false equality"), key=lambda row: row["share"])
    lines += ["", f'- "Practically equal" at a true difference of exactly the margin: at most {_shown(equal)}.']
    for shape in shapes:
        found = [row for row in part("coverage") if row["shape"] == shape]
        low, high = min(r["share"] for r in found), max(r["share"] for r in found)
        raw = min(row["raw"] for row in found if "raw" in row)
        lines.append(
            f"- Coverage of all intervals together, {shape}: {100 * low:.1f}% to {100 * high:.1f}% over {len(found)} "
            f"settings of seeds, arms and truth (signs given to the differences themselves: down to {100 * raw:.0f}%)."
        )
    for row in part("power"):
        lines.append(
            f"- A true difference of .2 points at {row['seeds']} seeds, {row['arms']} comparisons, deviation "
            f"{row['deviation']}: found in {_shown(row)}."
        )
    for row in part("looking"):
        arms = f"{row['arms']} comparison{'s' * (row['arms'] > 1)}"
        what = f"{arms}, true difference {row['truth']}, deviation {row['deviation']}"
        if row["truth"] == 0:
            every = f"Looking after every seed from 5 to {row['most']}"
            lines.append(f"- {every}, {what}: a difference is claimed in {_shown(row)}.")
        elif row["arms"] == 1:
            lines.append(f"- The same, {what}, the margin: called equal in {_shown(row['equal'])}.")
        else:
            lines.append(f"- The same, {what}: found after {row['found_at']:.0f} seeds (median).")
    for row in part("best"):
        held = f"holds it in {_shown(row)}, with {row['named']:.1f} names"
        lines.append(f"- The arms among which the best lies, of 6, at 10 seeds and a lead of {row['lead']}: {held}.")
    return lines


if __name__ == "__main__":
    write()
