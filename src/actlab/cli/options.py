"""Texts of options into values, each with an error that shows what is allowed."""

from actlab.errors import UserError


def parse_numbers(option: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"{option} is {text!r}; it must be a number, or several with commas: 0.01,0.1.") from None


def parse_whole(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        raise UserError(f"{option} is {text!r}; it must be a whole number.") from None


def parse_seeds(text: str) -> int | list[int]:
    try:
        values = [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError:
        values = []
    if not values:
        raise UserError(f"--seeds is {text!r}; it must be a count such as 10, or a list such as 0,1,2.")
    return values if "," in text else values[0]


def parse_hidden(text: str | None) -> list[int] | None:
    if text is None:
        return None
    if text == "none":
        return []
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--hidden is {text!r}; it must be units a layer, such as 128,64, or none.") from None


def parse_list(text: str | None) -> list[str]:
    """Names with commas between them; nothing is no name."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def parse_parameters(given: list[str] | None) -> dict[str, float]:
    """beta=1.5, once for each parameter, or several with commas."""
    from actlab.formula.clause import number

    found: dict[str, float] = {}
    for part in parse_list(",".join(given or [])):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UserError(f"--param is {part!r}; it must be a name and a number, such as beta=1.5.")
        found[name.strip()] = number(value)
    return found


def parse_names(given: list[str] | None) -> list[str]:
    """Names, an option for each or with commas."""
    return parse_list(",".join(given or []))
