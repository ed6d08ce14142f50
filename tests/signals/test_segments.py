"""Segments stand exactly where they say, and everything but white space belongs to one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foureyes.signals.segments import split_segments

pieces = st.sampled_from(
    [
        "Dr. Lee ",
        "3.14 ",
        "e.g. this",
        ". ",
        "! ",
        "? ",
        "...",
        "\n",
        "\n\n",
        "- item\n",
        "1. one\n",
        "```\ncode. x\n```\n",
        "U.S. ",
        "日本。",
        "それは!",
        "”",
        "(ok.) ",
        "# Head\n",
        "| a | b |\n",
        "word ",
        "J. R. R. Tolkien ",
        "~~~\n",
        "\u2028",
        "\r\n",
    ]
)
answers = st.text(max_size=200) | st.lists(pieces, max_size=20).map("".join)


def texts(answer):
    return [segment.text for segment in split_segments(answer)]


@given(answers)
@example("")
@example("```\nnever closed. Really.")
def test_segments_are_exact_ordered_disjoint_and_complete(answer):
    found = split_segments(answer)
    done = 0
    for segment in found:
        assert answer[segment.start : segment.end] == segment.text
        assert segment.text == segment.text.strip() != ""
        assert segment.start >= done
        assert not answer[done : segment.start].strip(), "nothing but white space lies between segments"
        done = segment.end
    assert not answer[done:].strip()


@given(answers)
def test_cutting_a_segment_again_gives_it_back_or_pieces_of_it(answer):
    for segment in split_segments(answer):
        assert "".join("".join(t.split()) for t in texts(segment.text)) == "".join(segment.text.split())


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("It rained. It stopped.", ["It rained.", "It stopped."]),
        ("Really?! Yes… No.", ["Really?!", "Yes…", "No."]),
        ("Dr. Lee met Prof. Kim, e.g. at noon.", ["Dr. Lee met Prof. Kim, e.g. at noon."]),
        ("It costs 3.50 dollars. Pi is 3.14159.", ["It costs 3.50 dollars.", "Pi is 3.14159."]),
        ("J. R. R. Tolkien wrote it. So did C. S. Lewis.", ["J. R. R. Tolkien wrote it.", "So did C. S. Lewis."]),
        ("He lives in the U.S. and works.", ["He lives in the U.S. and works."]),
        ("He left the U.S. Nobody knew.", ["He left the U.S.", "Nobody knew."]),
        ("We bought pears, plums, etc. and left.", ["We bought pears, plums, etc. and left."]),
        ("Wait... what?", ["Wait... what?"]),
        ("Wait... What?", ["Wait...", "What?"]),
        ("She said “Go.” He went.", ["She said “Go.”", "He went."]),
        ("(It rained.) It stopped.", ["(It rained.)", "It stopped."]),
        ("See www.example.org for more. Bye.", ["See www.example.org for more.", "Bye."]),
        ("Plan B. Then we go.", ["Plan B. Then we go."]),  # an initial, for all that can be told
        ("東京は首都です。大阪は違う!本当?はい。", ["東京は首都です。", "大阪は違う!", "本当?", "はい。"]),
        ("彼は「はい。」と言った。", ["彼は「はい。」", "と言った。"]),
        ("No full stop", ["No full stop"]),
        ("One line\nwraps here. Two.", ["One line\nwraps here.", "Two."]),
        ("Para one\n\nPara two", ["Para one", "Para two"]),
        ("List:\n- one. Two.\n- three\n* four", ["List:", "- one.", "Two.", "- three", "* four"]),
        ("1. First thing.\n2. Second thing.", ["1. First thing.", "2. Second thing."]),
        ("# Title\nText. More.", ["# Title", "Text.", "More."]),
        ("| a | b |\n|---|---|\n| 1. | 2. |", ["| a | b |", "|---|---|", "| 1. | 2. |"]),
        (
            "Run:\n```python\nx = 1. \ny = 2.\n```\nDone. Bye.",
            ["Run:", "```python\nx = 1. \ny = 2.\n```", "Done.", "Bye."],
        ),
        ("~~~\na. B.\n~~~", ["~~~\na. B.\n~~~"]),
        ("   \n\t ", []),
        ("", []),
    ],
)
def test_where_sentences_end(answer, wanted):
    assert texts(answer) == wanted


@pytest.mark.parametrize(
    "answer",
    [
        "!" * 200_000,
        "." * 200_000 + "x",
        "a. " * 60_000,
        "e.g. " * 40_000,
        "`" * 100_000,
        "\n" * 100_000,
        '."' * 80_000,
    ],
)
def test_long_texts_are_cut_in_one_pass(answer):
    """Each would keep a scan that goes back over what it has seen busy for minutes."""
    assert "".join(texts(answer)) == "".join(answer.split()) or " " in answer
