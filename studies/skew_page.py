"""The part of docs/verdicts.md on skewed differences, from the record of skew.py."""

TEXT = """
## Where differences are skewed

Signs and Student's t take differences for symmetric. Those of two arms whose results have one distribution are, however
skewed that is; those of an arm that is skewed by itself are not, and then the mean of a few is often too far to one
side together with a standard error that is too small. So on that side an interval reaches further, by the first term of
Johnson's correction of t (`src/actlab/stats/skew.py`), with a skewness that all comparisons tell together. Below, from
[this record](../records/skew.json) of `python studies/skew.py`: deviation .12 points, margin .1, three comparisons
where nothing else is said; each cell is before -> now.

"""
PROMISED = (  # seeds, least share together, most that are falsely called equal at the margin
    (10, 0.90, 0.09),
    (20, 0.92, 0.06),
)
SHOWN = (5, 8, 10, 20, 30, 60)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _change(row: dict, name: str) -> str:
    before, now = (row[form][name] for form in ("before", "now"))
    if isinstance(before, dict):
        before, now = before["share"], now["share"]
    return f"{_percent(before)} -> {_percent(now)}"


def _with_interval(found: dict) -> str:
    return f"{_percent(found['share'])}% ({_percent(found['low'])} to {_percent(found['high'])})"


def _table(head: str, columns: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {head} | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def lines(record: dict) -> list[str]:
    rows = record["rows"]

    def part(name: str) -> list[dict]:
        return [row for row in rows if row["part"] == name]

    cells = {(row["family"], row["arms"], row["seeds"]): row for row in part("coverage")}
    families = list(dict.fromkeys(family for family, _, _ in cells))
    seeds = [f"{n} seeds" for n in SHOWN]

    def table(head: str, name: str, shown: list[str], arms: int = 3) -> list[str]:
        return _table(
            head, seeds, [[family, *(_change(cells[family, arms, n], name) for n in SHOWN)] for family in shown]
        )

    some = ["normal", "t3", "exponential", "lognormal, skewness 2"]
    said = [*TEXT.rstrip().splitlines(), ""]
    said += table("all intervals together hold the truth, %", "together", families)
    said += table('"practically equal" in one or more at a true difference of exactly the margin, %',
                  "equal_at_margin", some)  # fmt: skip
    said += table('"practically equal" at a true difference of 0, % of comparisons', "equal_at_0", some)
    said += table("a true difference of .2 points at a deviation of .141 is found, %", "power", ["normal", "t3"])
    said += _promises(cells) + _package(part("package")) + _start(cells) + _rare(cells, families[-1])
    return said + _methods(part("methods")) + _looking(part("until decided")) + _best(part("best"))


def _promises(cells: dict) -> list[str]:
    arms = (1, 3, 6, 20)
    said = [["of exponential differences (skewness 2)", *(f"{n} comparison{'s' * (n > 1)}" for n in arms)]]
    for n, least, most in PROMISED:
        found = [cells["exponential", count, n]["now"] for count in arms]
        said.append([f"{n} seeds: all together, promised {least:.0%}", *(_with_interval(f["together"]) for f in found)])
        said.append([f"{n} seeds: falsely equal, one comparison, promised {most:.0%} at most",
                     *(f"{_percent(f['one_equal_at_margin'])}%" for f in found)])  # fmt: skip
        said.append([f"{n} seeds: falsely equal, one or more of all",
                     *(_with_interval(f["equal_at_margin"]) for f in found)])  # fmt: skip
    return _table(said[0][0], said[0][1:], said[1:])


def _package(rows: list[dict]) -> list[str]:
    told = [f"{row['seeds']} seeds {_with_interval(row['together'])}" for row in rows if row["family"] == "exponential"]
    return [f"- The package itself, an experiment at a time, exponential: {', '.join(told)}."]


def _start(cells: dict) -> list[str]:
    told = [f"{n} seeds {_percent(cells['exponential', 3, n]['now']['together']['share'])}%" for n in (5, 6, 7, 8, 10)]
    return [
        f"- Verdicts begin at 5 pairs: there is no step from which on they hold ({', '.join(told)}, exponential), at 5 "
        "and 6 the skewness of a sample cannot be told from chance, and where differences are nearly symmetric 95% "
        "hold at 5 as at 60. The caption says so below 10."
    ]


def _rare(cells: dict, family: str) -> list[str]:
    def told(arms: int) -> str:
        found = {n: cells[family, arms, n]["now"]["together"]["share"] for n in (10, 20, 27, 30, 60)}
        none = {n: (1 - (7 / 8) ** n) ** arms for n in found}
        return ", ".join(f"{n} seeds {_percent(found[n])}% (at best {_percent(none[n])})" for n in found)

    return [
        f"- Rare failures ({family}): a sample without one cannot know of them, so that intervals hold at best as "
        f"often as every comparison has one. One comparison: {told(1)}. Three: {told(3)}."
    ]


def _methods(rows: list[dict]) -> list[str]:
    cells = {(row["method"], row["family"], row["seeds"]): row for row in rows}
    heads = ["exponential: together", "falsely equal", "equal at 0", "lognormal: together", "normal: together",
             "equal at 0", "found", "t3: together"]  # fmt: skip
    table = []
    for name in dict.fromkeys(row["method"] for row in rows):
        both = []
        for n in (10, 20):
            skewed, log, flat, heavy = (
                cells[name, family, n] for family in ("exponential", "lognormal, skewness 2", "normal", "t3")
            )
            both.append([
                skewed["together"]["share"], skewed["equal_at_margin"]["share"], skewed["equal_at_0"],
                log["together"]["share"], flat["together"]["share"], flat["equal_at_0"], flat["power"],
                heavy["together"]["share"],
            ])  # fmt: skip
        table.append([name, *(f"{_percent(ten)}, {_percent(twenty)}" for ten, twenty in zip(*both, strict=True))])
    return ["", "Tried, three comparisons, at 10 and at 20 seeds, %:", "", *_table("method", heads, table)]


def _looking(rows: list[dict]) -> list[str]:
    found = {(r["family"], r["arms"], r["truth"], r["form"]): r for r in rows}
    said = []
    for family in dict.fromkeys(row["family"] for row in rows):
        for arms in (1, 3):
            before, now = (found[family, arms, 0.0, form] for form in ("before", "now"))
            margin = [
                max(found[family, arms, truth, form]["wrong_at_end"]["share"] for truth in (0.1, -0.1))
                for form in ("before", "now")
            ]
            said.append([
                f"{family}, {arms}", *(f"{_percent(a)} -> {_percent(b)}" for a, b in (
                    (before["ever_missed"]["share"], now["ever_missed"]["share"]),
                    (before["wrong_at_end"]["share"], now["wrong_at_end"]["share"]), margin)),
                f"{before['seeds']:.0f} -> {now['seeds']:.0f}",
            ])  # fmt: skip
    heads = ["ever without the truth", "falsely different at the end, at 0", "falsely equal at the end, at the margin",
             "seeds, median, at 0"]  # fmt: skip
    return _table("with `--until-decided`, 5 to 60 seeds; comparisons", heads, said)


def _best(rows: list[dict]) -> list[str]:
    found = {(row["family"], row["seeds"], row["form"]): row["share"] for row in rows}
    seeds = list(dict.fromkeys(row["seeds"] for row in rows))
    table = [
        [family, *(f"{_percent(found[family, n, 'before'])} -> {_percent(found[family, n, 'now'])}" for n in seeds)]
        for family in dict.fromkeys(row["family"] for row in rows)
    ]
    return _table("of 6 equal arms the best is named among those that may be, %", [f"{n} seeds" for n in seeds], table)
