"""The page of label issues: the list, what is said of it, and nothing from outside that runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from foureyes.cleaning.labels import find_label_issues
from foureyes.cleaning.stopping import precision_curve
from foureyes.report.cleaning import CleaningFindings, MeasuredPrecision, MethodPoint, cleaning_page, issue_of
from foureyes.report.review import review_page


def findings(*, n: int = 50, measured: bool = False) -> CleaningFindings:
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([0.5, 0.5], n)
    issues = find_label_issues(rng.integers(0, 2, n), probs, method="calibrated", keep_top=1)
    points = precision_curve(issues, np.arange(n), rng.random(n) < 0.5)
    seen = MeasuredPrecision(
        points, (MethodPoint("basic", 9, 0.5, None), MethodPoint("confident_learning", 0, None, 0.0)), n, n // 2
    )
    return CleaningFindings(issues, 1.0, ("<b>cat", "dog"), ["<img src=x>" * 50] * n, seen if measured else None)


def test_every_issue_is_listed_in_order_and_outside_text_is_text():
    found = findings()
    page = cleaning_page(found)
    rows = [page.index(f'<tr><th scope="row">{issue.row}</th>') for issue in found.issues]
    assert rows == sorted(rows)
    assert "<img" not in page
    assert "<b>cat" not in page
    assert "&lt;b&gt;cat" in page
    assert "<svg" not in page


def test_an_address_is_a_link_and_nothing_else_is():
    found = findings(n=4)
    items = ['https://x.org/a.png?q="><b>', "javascript:alert(1)", "http://x.org", "text"]
    page = cleaning_page(
        replace(
            found,
            issues=find_label_issues([0, 0, 0, 0], np.full((4, 2), (0.1, 0.9)), method="calibrated", keep_top=1),
            items=items,
        )
    )
    assert page.count("<a href=") == 2
    assert 'href="https://x.org/a.png?q=&#34;&gt;&lt;b&gt;" target="_blank" rel="noreferrer noopener"' in page
    assert "Every row is heard" in page


def test_a_long_list_says_how_much_of_it_is_shown():
    found = findings(n=2000)
    page = cleaning_page(found)
    assert f"500 of {len(found.issues):,}" in page
    assert page.count('<th scope="row">') == 500


def test_verified_labels_add_the_picture_and_the_shares():
    found = findings(measured=True)
    page = cleaning_page(found)
    assert page.count("<svg") == 1
    assert page.count('<th scope="row">') == len(found.issues) + 20 + 2
    assert "none verified" in page


def test_what_is_shown_of_an_issue_is_short():
    found = findings()
    shown = issue_of(found.issues[0], found)
    assert len(shown.item) < 310
    assert shown.given in ("<b>cat", "dog")
    assert shown.reason == found.issues[0].explain(found.classes)


def test_one_label_is_called_so_on_both_pages():
    found = CleaningFindings(
        find_label_issues([0, 1], np.array([[0.1, 0.9], [0.2, 0.8]]), method="calibrated", keep_top=1),
        1.0,
        None,
        None,
        None,
    )
    assert len(found.issues) == 1
    assert "<h1>1 of 2 labels is contradicted.</h1>" in cleaning_page(found)
    assert "<h1>1 label to decide on</h1>" in review_page(found)
