"""The verdicts as a table for a paper, in LaTeX with booktabs."""

import math
from pathlib import Path

from actlab.experiment import write_text
from actlab.results.differences import verdict_said
from actlab.results.numbers import POINTS
from actlab.results.summary import Summary
from actlab.stats import Comparison

_ESCAPED = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "–": "--",
}  # fmt: skip


def escaped(text: str) -> str:
    """
    >>> escaped("leaky_relu(0.2) & 5%")
    'leaky\\\\_relu(0.2) \\\\& 5\\\\%'
    """
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def latex_table(summary: Summary) -> str:
    """A table environment: accuracy with its interval, difference with both of its own, verdict with what bounds it;
    the caption says what the numbers rest on.
    """
    verdicts = {item.name: item for item in summary.comparisons}
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(_caption(summary))}}}",
        r"  \begin{tabular}{lrlrlll}",
        r"    \toprule",
        rf"    activation & $n$ & {escaped(summary.metric)}, \% & difference & simultaneous 95\% & plain 95\% $t$ "
        r"& verdict \\",
        r"    \midrule",
        *(_row(row, verdicts.get(row["arm"]), summary) for row in summary.table.to_dict("records")),
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
    return f"{metric}; differences from {summary.comparisons[0].baseline} in percentage points. {summary.caption}"


def _row(row: dict, item: Comparison | None, summary: Summary) -> str:
    column = "test_accuracy" if summary.has_test else "final_valid_accuracy"
    mean, low, high = (row[column], row[f"{column}_low"], row[f"{column}_high"])
    accuracy = f"{100 * mean:.2f}" if math.isfinite(mean) else "--"
    if math.isfinite(low):
        accuracy += f" [{100 * low:.2f}, {100 * high:.2f}]"
    cells = [escaped(row["arm"]), str(row["n"]), accuracy]
    if item is None:
        return f"    {' & '.join([*cells, '', '', '', 'baseline'])} \\\\"
    both = [_interval(item.low, item.high), _interval(item.plain_low, item.plain_high)]
    difference = f"${POINTS.difference(item.difference)}$" if item.n else "--"
    return f"    {' & '.join([*cells, difference, *both, escaped(verdict_said(item))])} \\\\"


def _interval(low: float, high: float) -> str:
    return f"${POINTS.bracketed(low, high)}$" if math.isfinite(low) and math.isfinite(high) else "--"
