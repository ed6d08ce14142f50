"""The addresses of the cleaning desk.

``GET /api/desk``, ``/api/rows?order=list|sample&show=all|open|decided&offset=&limit=``, ``/api/row?row=``, ``/picture?row=``,
``/export/decisions.csv`` and ``/export/labels.csv``; ``POST /api/vote``. Who may ask is the server's matter:
:mod:`foureyes.view.server`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final

from foureyes.report.assets import Asset, assets_of
from foureyes.view.desk.desk import Desk
from foureyes.view.questions import whole

__all__ = ["DeskSite"]

_MOST_ROWS: Final = 200
_USUAL_ROWS: Final = 50
_OF_VIEW: Final = ("labels.js", "source.js", "embedded.js")
_CSV: Final = "text/csv; charset=utf-8"


class DeskSite:
    """What the page of a desk asks for.

    Args:
        desk: what answers.
    """

    verb = "clean"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        shared = assets_of(files("foureyes.view.page"))
        self.page: Mapping[str, Asset] = {
            **{name: shared[name] for name in _OF_VIEW},
            **assets_of(files("foureyes.view.desk.page")),
        }

    def get(self, path: str, parameters: Mapping[str, list[str]]) -> Mapping[str, Any] | Asset | None:
        """What is at an address."""
        if path == "/api/rows":
            return self._rows(parameters)
        if path == "/api/row":
            return self.desk.row(whole(parameters, "row"))
        if path == "/picture" and self.desk.pictures is not None:
            return self.desk.pictures.get(whole(parameters, "row"))
        told: dict[str, Callable[[], Mapping[str, Any] | Asset]] = {
            "/api/desk": self.desk.about,
            "/export/decisions.csv": lambda: Asset(self.desk.decisions_csv().encode(), _CSV, ""),
            "/export/labels.csv": lambda: Asset(self.desk.labels_csv().encode(), _CSV, ""),
        }
        answer = told.get(path)
        return None if answer is None else answer()

    def _rows(self, parameters: Mapping[str, list[str]]) -> Mapping[str, Any]:
        order, show = (parameters.get(name, [usual])[-1] for name, usual in (("order", "list"), ("show", "all")))
        offset = whole(parameters, "offset") if "offset" in parameters else 0
        limit = whole(parameters, "limit") if "limit" in parameters else _USUAL_ROWS
        return self.desk.rows(order, show, offset, min(limit, _MOST_ROWS))

    def post(self, path: str, told: object) -> Mapping[str, Any] | None:
        """Takes a vote."""
        return self.desk.vote(told) if path == "/api/vote" else None
