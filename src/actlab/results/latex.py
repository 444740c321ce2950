"""The verdicts as a table for a paper, in LaTeX with booktabs."""

from pathlib import Path
from typing import Any

from actlab.experiment import write_text
from actlab.results.differences import verdict_said
from actlab.results.numbers import NO_TEST, POINTS, interval_text
from actlab.results.summary import Summary
from actlab.stats import Comparison

_ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
    ">": r"\textgreater{}", NO_TEST: "--",
})  # fmt: skip


def escaped(text: str) -> str:
    """
    >>> escaped("leaky_relu(0.2) & 5%")
    'leaky\\\\_relu(0.2) \\\\& 5\\\\%'
    """
    return text.translate(_ESCAPED)


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
        *(_row(row, verdicts.get(row["arm"]), summary.has_test) for row in summary.table.to_dict("records")),
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


def _row(row: dict[str, Any], item: Comparison | None, has_test: bool) -> str:
    accuracy = interval_text(row, "test_accuracy" if has_test else "final_valid_accuracy").replace("%", "")
    compared = ["", "", "", "baseline"]
    if item is not None:
        numbers = (
            POINTS.difference(item.difference),
            POINTS.bracketed(item.low, item.high),
            POINTS.bracketed(item.plain_low, item.plain_high),
        )
        # a minus sign is one in maths only
        compared = [*("--" if text == NO_TEST else f"${text}$" for text in numbers), escaped(verdict_said(item))]
    return f"    {' & '.join([*map(escaped, (row['arm'], str(row['n']), accuracy)), *compared])} \\\\"
