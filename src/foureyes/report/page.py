"""Renders pages: one HTML file each, which loads nothing and executes only what foureyes wrote.

The rule that holds throughout: text from outside reaches a page only through autoescaping templates, and a content
security policy with the hash of the one script makes the browser refuse whatever might slip through.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from foureyes import __version__
from foureyes.display import plural

__all__ = ["render"]


def render(template: str, *, script: str = "page.js", **values: object) -> str:
    """Fills a template of this package that extends ``base.html``.

    Args:
        template: its file name under ``templates/``.
        script: file name of the one script that may run.
        values: what it shows; a name the template asks for and does not get is an error, not an empty string.

    Returns:
        The page, the same for the same values.
    """
    environment = _environment()
    source = environment.get_template(script).render()
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    page = environment.get_template(template)
    return page.render(script=script, script_hash=f"sha256-{digest}", version=__version__, **values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("foureyes.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["plural"] = plural
    return made
