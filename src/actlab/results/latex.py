"""The verdicts as a table for a paper, in LaTeX with booktabs."""

from pathlib import Path
from typing import Any

from actlab.experiment import Metric, write_text
from actlab.results.columns import beside, interval_text
from actlab.results.differences import verdict_said
from actlab.results.numbers import NO_TEST
from actlab.results.summary import Summary
from actlab.stats import Comparison, Unit

_ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "²": r"\textsuperscript{2}", NO_TEST: "--",
})  # fmt: skip


def escaped(text: str) -> str:
    """
    >>> escaped("leaky_relu(0.2) & 5%")
    'leaky\\\\_relu(0.2) \\\\& 5\\\\%'
    """
    return text.translate(_ESCAPED)


def latex_table(summary: Summary) -> str:
    """A table environment: the metric with its interval, difference with both of its own, verdict with what bounds it;
    the caption says what the numbers rest on.
    """
    verdicts = {item.name: item for item in summary.comparisons}
    unit = summary.measure.unit
    part = "test" if summary.has_test else "final_valid"
    metrics = (summary.measure, *beside(summary.experiment) * summary.has_test)
    shown = [(f"{part}_{each.name}", each) for each in metrics]
    names = [f"{summary.metric}, %" if summary.measure.is_share else summary.metric]
    names += [f"test {each.words}" for _, each in shown[1:]]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(_caption(summary))}}}",
        rf"  \begin{{tabular}}{{lr{'l' * len(shown)}rlll}}",
        r"    \toprule",
        rf"    activation & $n$ & {' & '.join(map(escaped, names))} & difference & simultaneous 95\% & plain 95\% $t$ "
        r"& verdict \\",
        r"    \midrule",
        *(_row(row, verdicts.get(row["arm"]), shown, unit) for row in summary.table.to_dict("records")),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def write_latex(summary: Summary, folder: Path) -> Path:
    file = folder / "verdicts.tex"
    write_text(file, latex_table(summary))
    return file


def _caption(summary: Summary) -> str:
    metric = f"{summary.metric[0].upper()}{summary.metric[1:]} on {summary.subject}"
    if not summary.comparisons:
        return f"{metric}."
    unit = summary.measure.unit
    told = " in percentage points" if summary.measure.is_share else unit.word and f", {unit.word}"
    return f"{metric}; differences from {summary.comparisons[0].baseline}{told}. {summary.caption}"


def _row(row: dict[str, Any], item: Comparison | None, shown: list[tuple[str, Metric]], unit: Unit) -> str:
    values = [interval_text(row, name, metric).replace("%", "") for name, metric in shown]
    compared = ["", "", "", "baseline"]
    if item is not None:
        numbers = (
            unit.difference(item.difference),
            unit.bracketed(item.low, item.high),
            unit.bracketed(item.plain_low, item.plain_high),
        )
        # a minus sign is one in maths only
        compared = [*("--" if text == NO_TEST else f"${text}$" for text in numbers), escaped(verdict_said(item, unit))]
    return f"    {' & '.join([*map(escaped, (row['arm'], str(row['n']), *values)), *compared])} \\\\"
