"""What Python knows of a function and the page cannot find: the form of a formula that floats compute well."""

from typing import Any

from actlab import naming
from actlab.errors import UserError


def embedded(what: str) -> dict[str, Any]:
    """A name of the catalogue or a formula, as the page begins with it.

    >>> embedded("leaky_relu(0.2)")
    {'text': 'leaky_relu(0.2)', 'forms': None}

    Raises: UserError for what is neither, or has a mistake.
    """
    target = naming.parse(what)
    if target.kind == "catalogue":
        return {"text": target.text, "forms": None}
    if target.kind != "formula":
        raise UserError(
            f"{target.label} is code, and the page runs none: give a formula of x, or a name of the catalogue. "
            f"`actlab show {target.text}` draws it."
        )
    from actlab.formula import read
    from actlab.making import portable

    return {"text": target.path, "forms": portable(read(target.path))}
