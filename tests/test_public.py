"""The public surface: what is promised is there, and importing it loads nothing heavy."""

import subprocess
import sys

import pytest

import foureyes as fe

HEAVY = ("torch", "transformers", "numpy", "pyarrow", "httpx", "matplotlib", "rich", "jinja2")


def test_every_public_name_is_there_and_nothing_else():
    assert set(fe.__all__) == set(fe._MODULE_OF) | {"__version__"}
    for name in fe.__all__:
        assert getattr(fe, name) is not None
    assert dir(fe) == fe.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'socre'"):
        fe.socre  # noqa: B018 - the access is the test


@pytest.mark.parametrize("command", ["import foureyes", "from foureyes.cli import main; main(['--version'])"])
def test_importing_and_asking_for_help_load_nothing_heavy(command):
    code = f"""
import sys
try:
    {command.replace(chr(10), "; ")}
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_every_error_is_a_foureyes_error():
    from foureyes import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.FoureyesError)
        assert f"{name} " in errors.__doc__ or name == "FoureyesError"
