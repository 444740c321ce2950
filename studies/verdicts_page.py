"""docs/verdicts.md, from the records of verdicts.py, skew.py and verdicts_trained.py as they are on disk.

python studies/verdicts_page.py
"""

import json
from pathlib import Path

import skew_page

RECORDS = Path(__file__).parents[1] / "records"
SIMULATED, TRAINED, SKEWED = (RECORDS / f"{name}.json" for name in ("verdicts", "verdicts_trained", "skew"))
PAGE = Path(__file__).parents[1] / "docs" / "verdicts.md"
NAMES = {"skewed": "symmetric (of arms with one skewed distribution)"}


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
after Bonferroni; below 5 there is no verdict. To the side to which differences are skewed it reaches further
([below](#where-differences-are-skewed)). Divergence is counted by itself (exact McNemar test). Where a run keeps
which test examples were right, a difference must also stand for other examples (a crossed interval), else it is "on
these examples only". With `--resplit` seeds split the same data anew and share samples: a difference must also stand
with the wider interval of [Nadeau and Bengio 2003](https://doi.org/10.1023/A:1024068626366), else it is "on splits of
these data only". With `--until-decided` intervals hold at every look
([Wang and Ramdas 2023](https://arxiv.org/abs/2310.03722)).

On simulated differences with known truth, shares with their 95% intervals, from
[this record](../records/verdicts.json) of `python studies/verdicts.py`:

"""


TRAINED_TEXT = """
## On trained networks, where nothing differs

{experiments} experiments on digits: a relu baseline, three relu arms from the same initial weights with a batch order
of their own (deviation of a difference {same:.2f} points, {ties:.0%} ties), and three with seeds of their own
({own:.2f} points); {seeds} seeds each, {epochs} epochs at learning rate .1. Longer training brings them closer:
{few} experiments of 25 epochs give {same_25:.2f} and {own_25:.2f} points. Shares in which one comparison or more is
called better or worse, from [this record](../records/verdicts_trained.json) of
`python studies/verdicts_trained.py`:

"""


def page(simulated: dict, skewed: dict, trained: dict) -> str:
    return TEXT + "\n".join([*_simulated(simulated), *skew_page.lines(skewed), *_trained(trained)]) + "\n"


def write() -> None:
    """The page anew, from the records on disk."""
    PAGE.write_text(
        page(*(json.loads(file.read_text(encoding="utf-8")) for file in (SIMULATED, SKEWED, TRAINED))), "utf-8"
    )


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
        lines.append(f"| {NAMES.get(shape, shape)} differences | " + " | ".join(found[n] for n in seeds) + " |")
    equal = max(part("false equality"), key=lambda row: row["share"])
    lines += ["", f'- "Practically equal" at a true difference of exactly the margin: at most {_shown(equal)}.']
    for shape in shapes:
        found = [row for row in part("coverage") if row["shape"] == shape]
        low, high = min(r["share"] for r in found), max(r["share"] for r in found)
        raw = min(row["raw"] for row in found if "raw" in row)
        lines.append(
            f"- Coverage of all intervals together, {NAMES.get(shape, shape)}: {100 * low:.1f}% to {100 * high:.1f}% "
            f"over {len(found)} settings of seeds, arms and truth (signs given to the differences themselves: down to "
            f"{100 * raw:.0f}%)."
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


def _trained(record: dict) -> list[str]:
    short, long = record["measured"]["5 epochs"], record["measured"]["25 epochs"]
    same, own = "same start, own order", "own start, own order"
    text = TRAINED_TEXT.format(
        experiments=short["experiments"], seeds=short["seeds"], epochs=5, few=long["experiments"],
        same=short["deviation"][same], own=short["deviation"][own], ties=short["ties"][same],
        same_25=long["deviation"][same], own_25=long["deviation"][own],
    )  # fmt: skip
    counts = (5, 8, 10, 20, "until decided")
    lines = [*text.rstrip().splitlines(), ""]
    heads = [f"{n} seeds" if n != counts[-1] else n for n in counts]
    lines += [f"| arms | read | {' | '.join(heads)} |", "| --- " * 7 + "|"]
    for arms in (same, own, "all six"):
        for reading in ("seeds alone", "headline"):
            rows = {row["seeds"]: row for row in record["rows"]
                    if row["part"] == "trained" and (row["arms"], row["reading"]) == (arms, reading)}  # fmt: skip
            lines.append(f"| {arms} | {reading} | {' | '.join(_shown(rows[n]) for n in counts)} |")
    for form in dict.fromkeys(row["form"] for row in record["rows"] if row["part"] == "drawn"):
        rows = {row["seeds"]: row for row in record["rows"] if row["part"] == "drawn" and row["form"] == form}
        lines.append(f"| all six, drawn: {form} | seeds alone | {' | '.join(_shown(rows[n]) for n in counts)} |")
    lines += ["", "Headline: 0 outside the crossed interval too. Drawn: 10,000 experiments with the covariance and "
              "ties of the trained ones, or from their rows.", ""]  # fmt: skip
    held = [row for row in record["rows"] if row["part"] == "other images"]
    low, high = (pick(held, key=lambda row: row["share"]) for pick in (min, max))
    lines.append(
        f"The crossed interval of n seeds on some test images, widened by what chance the other images have, holds the "
        f"mean of other seeds on the others in {_shown(low)} to {_shown(high)} of {low['n']:,} splits, over "
        f"{len(held)} settings (digits and MNIST; relu and tanh; 5 to 20 seeds)."
    )
    return lines


if __name__ == "__main__":
    write()
