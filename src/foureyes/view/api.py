"""What the page asks of its server: addresses, parameters and the JSON that comes back.

All answers are JSON in UTF-8. A request that cannot be answered gets ``{"error": sentence}`` with 400 (a parameter), 403 (no
token, another host, another origin), 404 (no such file, row or address), 413 (a body too large), 501 (another method) or 500.
A number that a row does not have is ``null``. Rows are numbered from 0 in the order of their file.

``GET /api/file``::

    {"files": [{
        "name": "scored.jsonl",
        "rows": 1000000 | null,     rows in the file; null until the first pass has come to its end
        "indexed": 412000,          rows so far
        "progress": 0.41,           share of the file that was read
        "caught_up": false,         true once the end was reached; rows that are written later are added as they come
        "error": "",                what ended the indexing; no further rows come then
        "problems": [{"cause": "not JSON", "rows": 2, "example": "line 17: …"}],
        "verifiers": [{"name", "scored": rows, "tokens": true where some row has them,
                       "signals": [{"name", "title", "unit", "worst": "high" | "low", "low": seen, "high": seen}]}],
        "labels": {"right", "wrong", "unsure", "none"}     the user's where there is one, else the file's
     }],
     "sidecar": path, "sidecar_notes": [sentences about decisions that could not be used],
     "default_sort": signal, "joined": null until both are caught up | "prompt and answer" | "place",
     "scale": :func:`~foureyes.report.heat.heat_scale`}

``GET /api/rows``, with these parameters, all of them optional::

    file=0 verifier=0       numbers in the lists of /api/file
    sort=log_cmp            a signal, or n_tokens
    by=value|difference     what of it is sorted by; the difference with "with": worst first is where we are worse than they
    order=worst|best|file   until a file is caught up or has an error, it is in the order of the file whatever was asked for
    offset=0 limit=50       at most 200
    label=right|wrong|unsure|none      repeat for several
    min_tokens= max_tokens= signal_min= signal_max=     of the signal that is sorted by
    text=                   in prompt or answer, capitals or not; searched in the background
    with=1:0                another file:verifier, for a second value a row; the file may be the same

    {"total": rows that fit, "indexed": rows looked at, "order": the order that was used,
     "sort": the signal that was used, "" where there is none,
     "search": null | {"searched": rows, "of": rows, "complete": bool},
     "rows": [{"row": 17, "place": 1 (from 1, in this order), "where": "line 18", "which": "" | "chosen" …,
               "prompt": ≤ 300 characters of its last turn, "answer": ≤ 300, both with what
               cannot be seen named, "value": of the sort, "signals": {name: value},
               "n_tokens", "label": the file's: "right" | "wrong" | null, "mine": the user's: … | "unsure" | null,
               "problem": "" | why the row has no numbers or cannot be read,
               "with": {"row": 17 | null, "value", "difference": value − the other's}   only where "with" was given}]}

``GET /api/row?file=0&row=17`` (and ``with_file=1`` for the same answer in another file)::

    {"row", "where", "which", "prompt": [{"role": "user", "text", "pieces"}], "answer", "answer_pieces", "label", "mine", "problem",
     "fields": {name: value as text} of the row's other fields,     (pieces: :func:`~foureyes.report.heat.as_pairs`)
     "verifiers": [{"name", "signals": [{"name", "title", "value": number, "shown": text,
                                 "worse": share of all rows that are not as bad}],
                    "heat": :func:`~foureyes.report.heat.heat_of` | null, "sentence": why, "finding": in a few words,
                    "loud": whether it is surprised,
                    "parts": [{"part", "path", "text", "nats", "n_tokens"}] of an answer that is more than text,
                    "no_heat": why there is none, and what to do, "unscored": null | {"reason", "detail"}}],
     "others": [the same of the row in the other file]}

``POST /api/label`` with ``{"file": 0, "row": 17, "label": "right" | "wrong" | "unsure" | null}``, ``Content-Type:
application/json``, answers ``{"mine": label, "labels": counts}`` after the decision is on the disk; ``null`` takes it back.

``GET /`` is the page, ``GET /page/NAME`` its files: :func:`foureyes.view.page.assets`.

Access: the address that is printed holds ``?token=``; ``GET /?token=…`` sets a cookie (HttpOnly, SameSite=Lax) and leads on
to ``/``. Every other request needs the cookie. A ``Host`` other than the server's own is refused, and so is a POST whose
``Origin`` is not it.

What an exported page holds is one object: ``{"file": answer of /api/file, "rows": answer of /api/rows, "details": {"17":
answer of /api/row}}``.
"""

from __future__ import annotations
