"""Pages: one HTML file each, nothing loaded from anywhere, nothing executed but what foureyes wrote.

The rule that holds throughout: text from outside reaches a page only through autoescaping templates, and a content
security policy with the hash of the one script makes the browser refuse whatever might slip through.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from foureyes import __version__
from foureyes.display import plural
from foureyes.errors import InputError

__all__ = ["render", "require_place_for", "write"]


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


def require_place_for(path: Path) -> None:
    """Checks, before any slow work, that a page could be put there.

    Raises:
        InputError: the folder is missing or not a folder, or something other than a regular file is in the way.
    """
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: wanted a folder, {path.parent} is not one")
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {path}: it is there and not a regular file")


def write(path: Path, page: str) -> None:
    """Writes a page whole or not at all: readers of ``path`` see the old file or the new one.

    Raises:
        InputError: it cannot be written; what was there before is untouched.
    """
    require_place_for(path)
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            part.write_text(page, encoding="utf-8", newline="\n")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


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
