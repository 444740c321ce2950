"""Options that several commands have; texts of options into values, each with an error that shows what is allowed."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, overload

from typer import Option

from actlab.errors import UserError, did_you_mean, need_one_of

DATA = (
    "auto, mnist, fashion_mnist, kmnist, digits, diabetes; a file.npz of arrays x and y (or x_train, y_train), "
    "optionally x_valid, y_valid, x_test, y_test; or a file.csv, with --target"
)
Data = Annotated[str | None, Option(help=DATA, show_default="auto")]
Hidden = Annotated[str | None, Option(help="units of the hidden layers, or none", show_default="128,64")]
Target = Annotated[
    str | None, Option("--target", metavar="COLUMN", help="of a file.csv: the column with the classes or numbers")
]
Loss = Annotated[
    str | None, Option(help="cross_entropy (of classes) or mean_squared_error (of numbers)", show_default="by the data")
]
MetricName = Annotated[
    str | None,
    Option("--metric", help="of classes accuracy, of numbers mean_squared_error or r2", show_default="by the loss"),
]
Details = Annotated[bool, Option("--details", help="print all figures, not the answer alone")]
Standardise = Annotated[
    str | None,
    Option(
        "--standardise",
        "--standardize",
        help="all inputs by one mean and deviation, or features: each by its own; short for --pipeline",
        show_default="all",
    ),
]


def _parsed(option: str, text: str | None, read: Callable[[str], Any], allowed: str) -> Any:
    try:
        return None if text is None else read(text)
    except ValueError:
        raise UserError(f"{option} is {text!r}; it must be {allowed}.") from None


def parse_numbers(option: str, text: str | None) -> list[float] | None:
    allowed = "a number, or several with commas: 0.01,0.1"
    return _parsed(option, text, lambda text: [float(part) for part in text.split(",")], allowed)


def parse_number(option: str, text: str | None) -> float | None:
    return _parsed(option, text, float, "a number")


@overload
def parse_whole(option: str, text: str) -> int: ...
@overload
def parse_whole(option: str, text: None) -> None: ...
def parse_whole(option: str, text: str | None) -> int | None:
    return _parsed(option, text, int, "a whole number")


def parse_hidden(text: str | None) -> list[int] | None:
    if text == "none":
        return []
    allowed = "units a layer, such as 128,64, or none"
    return _parsed("--hidden", text, lambda text: [int(part) for part in text.split(",")], allowed)


def parse_seeds(text: str | None) -> int | list[int] | None:
    allowed = "a count such as 10, or a list such as 0,1,2"
    values = _parsed("--seeds", text, lambda text: [int(part) for part in text.removesuffix(",").split(",")], allowed)
    return values if text is None or "," in text else values[0]


def parse_split(split: str | None, resplit: bool) -> str | None:
    """--resplit is short for --split resplit."""
    if resplit and split is not None:
        raise UserError(
            f"--split {split} and --resplit both name a split: leave one out. --resplit gives each seed training, "
            "validation and test samples of its own."
        )
    return "resplit" if resplit else split


def parse_inside(inside: str | None, no_inside: bool) -> str:
    """--no-inside is short for --inside none."""
    if no_inside and inside not in (None, "none"):
        raise UserError(f"--inside {inside} and --no-inside contradict each other: leave one out.")
    return "none" if no_inside else inside or "doubling"


def parse_executor(name: str | None, address: str | None, cpus: str | None, gpus: str | None) -> Any:
    """What makes the executor of this name; None where none is asked for."""
    read = {
        "address": address,
        "cpus": parse_number("--cpus-per-stack", cpus),
        "gpus": parse_number("--gpus-per-stack", gpus),
    }
    given = {key: value for key, value in read.items() if value is not None}
    if name is None:
        for key in given:
            option = "--address" if key == "address" else f"--{key}-per-stack"
            raise UserError(f"{option} says how Ray is used: add --executor ray, or leave it out.")
        return None
    need_one_of("executor", name, ("ray",))
    from actlab.running import RayExecutor

    return functools.partial(RayExecutor, **given)


def parse_names(given: list[str] | str | None) -> list[str]:
    """Names with commas between them, in an option or in several; nothing is no name."""
    text = given if isinstance(given, str) else ",".join(given or [])
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_parameters(given: list[str] | None) -> dict[str, float]:
    """beta=1.5, once for each parameter, or several with commas."""
    from actlab.formula import number

    found: dict[str, float] = {}
    for part in parse_names(given):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UserError(f"--param is {part!r}; it must be a name and a number, such as beta=1.5.")
        found[name.strip()] = number(value)
    return found


def filled(names: list[str], param: list[str] | None, learn: list[str] | None) -> list[str]:
    """The names with the parameters that options give to the formulas among them."""
    from actlab import naming

    values, learned = parse_parameters(param), frozenset(parse_names(learn))
    if not values and not learned:
        return names
    known = frozenset().union(*(naming.formula_parameters(name) for name in names))
    for option, given in (("--param", values), ("--learn", learned)):
        for name in given:
            if name not in known:
                has = f"they have {', '.join(sorted(known))}" if known else "none of them has a parameter"
                raise UserError(f"{option} {name}: no formula here has it; {has}.{did_you_mean(name, known)}")
    return [naming.with_parameters(name, values, learned) for name in names]
