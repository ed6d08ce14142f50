"""Serves scored files on a local page until it is told to stop, or writes one page and stops."""

from __future__ import annotations

import argparse
import webbrowser

from foureyes.cli.output import CommandOutput
from foureyes.errors import InputError
from foureyes.tables.saving import require_place, write_text
from foureyes.view.opening import open_viewer
from foureyes.view.page import exported
from foureyes.view.scored_rows import RowReader
from foureyes.view.server import ViewServer
from foureyes.view.viewer import Viewer

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Opens the files, then serves or exports.

    Raises:
        InputError: a file cannot be read, or was not scored.
        ConfigError: the port is taken, or what reads the file is not installed.
    """
    if args.limit < 1:
        raise InputError(f"--limit must be at least 1; got {args.limit}")
    rows = RowReader(args.layout or "", args.map)
    for path in (args.export, args.labels):
        if path is not None:
            require_place(path)
    viewer = open_viewer(args.files, rows, labels=args.labels, index=args.index, sort=args.sort)
    if args.export is None:
        _serve(viewer, args, output)
    else:
        _export(viewer, args, output)


def _export(viewer: Viewer, args: argparse.Namespace, output: CommandOutput) -> None:
    viewer.start()
    try:
        viewer.read_to_end(output.say)
        data = viewer.page_data(args.limit)
    finally:
        viewer.close()
    write_text(args.export, exported(data))
    shown, total = len(data["rows"]["rows"]), data["rows"]["total"]
    output.say(f"{shown:,} of {total:,} rows, worst first by {data['rows']['sort'] or 'nothing'} → {args.export}")
    output.give(lambda: {"output": str(args.export), "rows": shown, "of": total, "sort": data["rows"]["sort"]})


def _serve(viewer: Viewer, args: argparse.Namespace, output: CommandOutput) -> None:
    with ViewServer(viewer, args.port) as server:
        viewer.start()
        output.give_now({"url": server.address})
        output.say(f"foureyes view is at {server.address} (stop with Ctrl-C)")
        if not args.no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            output.say("stopped; labels are saved")
        finally:
            viewer.close()
