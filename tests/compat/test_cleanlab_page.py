import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cleanlab.md"


def test_the_program_of_the_page_runs_and_finds_wrong_labels(capsys):
    [block] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    exec(compile(block, "docs/cleanlab.md", "exec"), {})  # noqa: S102 - ours
    said = re.fullmatch(r"(\d+) found, of the first thirty (\d+) wrong\n", capsys.readouterr().out)
    assert int(said[1]) > 30
    assert int(said[2]) > 20
