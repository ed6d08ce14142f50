"""Results on a prompt, in a notebook and as data frames."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

import foureyes as fe
from foureyes.cascade import Costs
from foureyes.display import Result, plural
from foureyes.maths import reliability, risk_coverage
from foureyes.models.scripted import ScriptedReader
from tests.test_public import public

RNG = np.random.default_rng(7)
UNCERTAINTY = RNG.random(200)
RIGHT = RNG.random(200) > UNCERTAINTY
OTHER = RNG.random(200)


def scored() -> fe.Scored:
    (row,) = fe.score(
        [
            fe.Exchange("Capital?", "Sydney <b>"),
        ][:1],
        ScriptedReader({"Sydney <b>": 0.25}),
    )
    assert isinstance(row, fe.Scored)
    return row


def tables() -> dict[str, object]:
    """One of every kind of result that is a table."""
    confidence = 1 - UNCERTAINTY
    router = fe.AdvantageRouter.fit(OTHER, 1 - OTHER)
    return {
        "Reading": scored().reading,
        "Reliability": reliability(confidence, RIGHT),
        "RiskCoverage": risk_coverage(UNCERTAINTY, wrong=~RIGHT),
        "Choice": fe.fit_best(UNCERTAINTY, RIGHT),
        "Curve": fe.cascade_curve(confidence, RIGHT, RNG.random(200) > 0.2, router, costs=Costs(1, 5)),
        "Issues": fe.find_label_issues(np.repeat(np.arange(4), 50), RNG.dirichlet(np.ones(4), 200), method="basic"),
    }


@pytest.mark.parametrize("name", sorted(tables()))
def test_a_table_is_a_line_a_page_and_a_data_frame_with_the_same_rows(name):
    table = tables()[name]
    n = len(next(iter(table.columns().values())))
    assert n > 0
    assert len(table.to_pandas()) == table.to_polars().height == n
    assert list(table.to_pandas().columns) == table.to_polars().columns == list(table.columns())
    assert "\n" not in repr(table)
    assert repr(table).startswith(f"{name}(")
    assert repr(table).endswith(f"{n:,} row{'' if n == 1 else 's'})")
    assert table._repr_html_().count("<tr>") == min(n, 20) + 1


@pytest.mark.parametrize("name", sorted(tables()))
def test_a_table_for_a_paper_has_all_rows(name):
    table = tables()[name]
    lines = table.to_latex("Of 5 %", label="tab:one").splitlines()
    n = len(next(iter(table.columns().values())))
    assert sum(line.endswith(r"\\") for line in lines) == n + 1
    assert {r"\caption{Of 5 \%}", r"\label{tab:one}", r"\toprule", r"\bottomrule"} <= set(lines)


def test_a_result_for_a_paper_has_a_row_a_field():
    text = fe.ece(1 - UNCERTAINTY, RIGHT).to_latex()
    assert r"\caption{Ece}" in text
    assert r"n & 200 \\" in text
    assert r"binning & equal-count \\" in text


def test_a_data_frame_holds_the_values_themselves():
    tokens = scored().reading.to_pandas()
    assert tokens["nll"].tolist() == scored().reading.nll.tolist()


def test_a_result_is_one_line_with_four_digits():
    ece = fe.ece(1 - UNCERTAINTY, RIGHT)
    assert repr(ece).startswith(f"Ece(value={ece.value:.4g}, low=")
    for fitted in (fe.Platt.fit(UNCERTAINTY, RIGHT), fe.Isotonic.fit(UNCERTAINTY, RIGHT), scored()):
        assert "\n" not in repr(fitted)
        assert len(repr(fitted)) < 400


def test_a_tuple_of_one_is_shown_as_a_tuple():
    found = fe.find_label_issues([0, 1] * 20, [np.array([[0.9, 0.1], [0.2, 0.8]] * 20)])
    assert "experts=('pred_probs[0]',)" in repr(found)


def test_a_page_escapes_what_an_answer_says():
    assert "<b>" not in scored().reading._repr_html_()
    assert "<b>" not in scored()._repr_html_()


def test_no_public_result_prints_an_array():
    """A dataclass with an array among its fields would print all of it, unless it is a Result."""
    from dataclasses import fields, is_dataclass

    from foureyes.display import Result

    wordy = {
        name
        for name, value in public().items()
        if isinstance(value, type) and is_dataclass(value) and not issubclass(value, Result)
        if any(f.repr and ("NDArray" in str(f.type) or str(f.type) in {"Floats", "Ints"}) for f in fields(value))
    }
    assert not wordy


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(library):
    code = f"""
import sys
from collections.abc import Mapping
from dataclasses import dataclass
sys.modules[{library!r}] = None
import foureyes as fe
from foureyes.maths import risk_coverage
try:
    risk_coverage([0.1, 0.9], wrong=[False, True]).to_{library}()
except fe.ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"a data frame of {library} needs {library}: pip install {library}"


@pytest.mark.parametrize(
    ("n", "noun", "said"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("entry", "entries"), "2 entries"),
        (1500, ("row",), "1,500 rows"),
    ],
)
def test_a_number_agrees_with_its_noun(n, noun, said):
    assert plural(n, *noun) == said


def test_no_name_in_a_result_takes_over_a_terminal() -> None:
    @dataclass(frozen=True, slots=True, repr=False)
    class Named(Result):
        values: Mapping[str, float]

    assert repr(Named({"a\x1b[2J": 1.0, "b": 2.0})) == r"Named('a\x1b[2J'=1, b=2)"
