"""How Sphinx renders the documents: `make docs`. tools/site.py lays them out; they are plain Markdown without it."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

from actlab import __version__

project, release, copyright = "actlab", __version__, "actlab contributors"
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath", "deflist"]  # formulas as code hosts show them; options with what they mean
smartquotes = False  # an option begins with --
myst_heading_anchors = 4  # links to headings, by the names that code hosts give them
maximum_signature_line_length = 90
nitpick_ignore_regex = [("py:.*", ".*")]  # types of torch, numpy and Python: their documents are not here
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "actlab"
html_static_path = ["site.css", "site.js"]
html_css_files, html_js_files = ["site.css"], ["site.js"]
html_theme_options = {  # the colours of the report
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#79b8ff", "color-brand-content": "#79b8ff"},
}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
html_copy_source = html_show_sphinx = False
html_show_search_summary = False  # it would fetch the pages, which browsers refuse a file
html_math_renderer = "mathml"  # at build: no script, no font, no request


def _math(writer, node):
    block = isinstance(node, nodes.math_block)
    formula = tex2mathml(node.astext(), as_block=block)
    writer.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (_math, None), (_math, None))
