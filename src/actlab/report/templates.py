"""The pages' templates: text is escaped and legible, and a name that is not given is an error."""

from typing import Any

from actlab.errors import extra, legible

with extra("lab", "jinja2"):
    import jinja2
    from markupsafe import Markup as Markup  # comes with jinja2


def template(name: str) -> jinja2.Template:
    """The template in the file of this name beside this one."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("actlab.report", "."),
        autoescape=True,
        finalize=_legible,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)


def _legible(value: Any) -> Any:
    """A text as it is shown; what is markup already is made of such."""
    return legible(value) if type(value) is str else value
