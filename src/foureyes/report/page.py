"""Renders pages: one HTML file each, which loads nothing and executes only what foureyes wrote.

The rule that holds throughout: text from outside reaches a page only through autoescaping templates, and a content
security policy with the hash of the one script makes the browser refuse whatever might slip through.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from foureyes import __version__
from foureyes.display import plural
from foureyes.report.assets import bundled, digest
from foureyes.report.marks import html_sentence

__all__ = ["render"]


def render(template: str, *, script: str = "page.js", **values: object) -> str:
    """Fills a template of this package that extends ``base.html``.

    Args:
        template: its file name under ``templates/``.
        script: file name of the one script that may run; what it imports comes with it.
        values: what it shows; a name the template asks for and does not get is an error, not an empty string.

    Returns:
        The page, the same for the same values.
    """
    environment = _environment()
    source = _script(script)
    page = environment.get_template(template)
    return page.render(script=Markup(source), script_hash=digest(source), version=__version__, **values)  # noqa: S704 - our own


@cache
def _script(name: str) -> str:
    return bundled(name, [files("foureyes.report") / "templates"])


@cache
def _environment() -> Environment:
    made = Environment(
        loader=ChoiceLoader([PackageLoader("foureyes.report"), PackageLoader("foureyes.report", "shared")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["plural"] = plural
    made.filters["sentence"] = html_sentence
    return made
