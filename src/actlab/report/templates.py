"""The pages' templates: text is escaped, and a name that is not given is an error."""

from importlib import resources

from actlab.errors import need_extra

try:
    import jinja2
except ImportError:
    raise need_extra("lab", "jinja2") from None


def template(name: str) -> jinja2.Template:
    """The template in the file of this name beside this one."""
    text = resources.files("actlab.report").joinpath(name).read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)
