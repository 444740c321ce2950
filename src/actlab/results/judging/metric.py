"""What a metric is: its numbers, its unit, and which side is better, by the words of its name and by what was said."""

import datetime
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from numbers import Complex, Real
from typing import Any

import numpy as np

from actlab.errors import UserError
from actlab.results.judging.reading import is_missing
from actlab.stats import Unit


def _sides(higher: str, lower: str) -> dict[str, str]:
    """Which side is better, by word."""
    return dict.fromkeys(higher.split(), "higher") | dict.fromkeys(lower.split(), "lower")


_SHARES = _sides(  # of one or of a hundred
    "acc accuracy accuracies auc auroc auprc ap map f1 fscore precision recall sensitivity specificity tpr tnr dice "
    "dsc iou miou jaccard top success",
    "wer cer eer fpr fnr",
)
_RATES = _sides("win hit pass solve", "error err failure miss")  # shares too, beside the word rate
_SIDES = _SHARES | _sides(
    "r2 psnr ssim bleu rouge ndcg mrr reward return returns correlation spearman pearson kappa mcc throughput "
    "likelihood elbo",
    "loss losses error errors err mse rmse mae mape nll ce bce xent crossentropy entropy perplexity ppl bpb bpc kl "
    "divergence fid regret cost time seconds duration latency memory distance residual ece brier deviance",
)
_AFTER = {"at", "to", "per", "of", "for", "on", "in", "by", "after", "when"}  # what follows says of what, not what
_NO_NUMBER = {"", "nan", "na", "n/a", "none", "null", "<na>", "-", "inf", "infinity"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LARGEST = 1e150  # beyond it squares, and with them intervals, are infinite
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def words(name: str) -> Iterator[str]:
    """The words of a name, without the numbers at their ends.

    >>> [*words("metrics.valAcc@5")], [*words("accumulated_loss")], [*words("mIoU")]
    (['metrics', 'val', 'acc', ''], ['accumulated', 'loss'], ['miou'])
    """
    for token in re.findall(r"[^\W_]+", name):
        known = token.lower() in _SIDES
        for word in [token] if known else re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[^A-Z]+", token):
            yield word.lower() if word.lower() in _SIDES else word.lower().rstrip("0123456789")


def sounds(name: str) -> tuple[str, bool]:
    """The side that is better by the name alone, or "", and whether it names a share: its last word that tells decides.

    >>> sounds("recall_loss"), sounds("glaucoma"), sounds("dice_score"), sounds("error_rate"), sounds("neg_log_loss")
    (('lower', False), ('', False), ('higher', True), ('lower', True), ('higher', False))
    """
    found, said = "", list(words(name))
    rate = "rate" in said
    for word in said:
        if word in _SIDES or (rate and word in _RATES):
            found = word
        elif found and word in _AFTER:
            break
    side = (_RATES if rate else {}).get(found) or _SIDES.get(found, "")
    if side and {"neg", "negative"}.intersection(said):
        side = "lower" if side == "higher" else "higher"
    return side, found in _SHARES or (rate and found in _RATES)


def numbers(values: list[Any], column: str) -> tuple[np.ndarray, bool]:
    """The numbers of a column, NaN where there is none or one without a square, and whether they are written with %.

    Raises:
        UserError: text, times, complex numbers; a comma that may be decimal or not; % on some alone.
    """
    texts = [value.strip() for value in values if isinstance(value, str)]
    with_comma = [text for text in texts if "," in text]
    if with_comma and all(_THOUSANDS.fullmatch(text.rstrip(" %")) for text in with_comma):
        raise UserError(f"{column} holds {with_comma[0]!r}: a decimal comma, or thousands? Write numbers with a point.")
    is_decimal = bool(with_comma) and not any("." in text for text in texts)
    found = np.array([_number(value, place, column, is_decimal) for place, value in enumerate(values)], dtype=float)
    found[abs(found) > _LARGEST] = math.nan
    marked = sum(text.endswith("%") for text in texts)
    if 0 < marked < np.isfinite(found).sum():
        raise UserError(f"{column} holds numbers with % and without: write all of them one way.")
    return found, marked > 0


def _number(value: Any, place: int, column: str, is_decimal: bool) -> float:
    if isinstance(value, str):
        text = value.strip().removesuffix("%").rstrip()
        if is_decimal:
            text = text.replace(",", ".")
        if _NUMBER.fullmatch(text):
            return float(text)
        if text.lstrip("+-").lower() in _NO_NUMBER or text == "-":
            return math.nan
        raise UserError(f"{column} holds text: {value!r} in row {place + 1} is no number.")
    if isinstance(value, Real | Decimal):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if is_missing(value):
        return math.nan
    what, advice = type(value).__name__, "a metric is one number for each run"
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        what, advice = f"times ({what})", "give them as numbers, such as seconds"
    elif isinstance(value, Complex):
        what = "complex numbers, which have no order"
    raise UserError(f"{column} holds {what}: {advice}.")


def unit_of(values: np.ndarray, metric: str, *, given: str | None, marked: bool, lower_is_better: bool) -> Unit:
    """Shares, of one or of a hundred, are shown in percentage points; whatever else, in its own unit with four
    significant digits.

    Raises:
        UserError: some values look like shares of one and others of a hundred.
    """
    better = "lower" if lower_is_better else "higher"
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max(initial=0.0))
    share = "percent" if marked else given
    if given == "share" and (marked or largest > 1):
        raise UserError(f"--unit share, but {metric} goes up to {largest:g}{'%' if marked else ''}.")
    if share is None and sounds(metric)[1] and len(known) and largest <= 100 and not (values < 0).any():
        if largest > 1 and ((known > 0) & (known <= 1)).any():
            raise UserError(
                f"{metric} goes from {known[known > 0].min():g} to {largest:g}: are some of them shares of one and "
                "others of a hundred? Write all one way, or say --unit percent if they are of a hundred."
            )
        share = "share" if largest <= 1 else "percent"
    if share in ("share", "percent"):
        return Unit(100.0 if share == "share" else 1.0, "points", 2, better)
    return Unit(1.0, given or "", max(0, 3 - math.floor(math.log10(largest or 1.0))), better)
