"""The public surface: what is promised is there, can be named, and loads nothing heavy."""

import inspect
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from importlib import import_module

import pytest

import foureyes as fe

HEAVY = ("torch", "transformers", "numpy", "pyarrow", "httptools", "matplotlib", "rich", "jinja2")
PACKAGES = (
    "",
    ".calibration",
    ".cascade",
    ".cleaning",
    ".guard",
    ".http",
    ".ledger",
    ".maths",
    ".models",
    ".monitoring",
    ".privacy",
)
PACKAGES += (".layouts", ".records", ".route", ".signals", ".types")


def public() -> dict[str, object]:
    """Everything that a documented module offers, by its dotted name."""
    modules = [import_module(f"foureyes{package}") for package in PACKAGES]
    return {f"{module.__name__}.{name}": getattr(module, name) for module in modules for name in module.__all__}


def test_the_top_can_be_learnt():
    assert len(fe.__all__) <= 47
    assert dir(fe) == fe.__all__ == sorted(fe.__all__)
    for name in fe.__all__:
        assert getattr(fe, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="socre"):
        fe.socre  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    "command",
    [
        "import foureyes",
        "from foureyes.cli import main; main(['--version'])",
        "import foureyes.signals, foureyes.maths",
    ],
)
def test_importing_and_asking_for_help_load_nothing_heavy(command):
    code = f"""
import sys
try:
    {command}
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_every_error_is_a_foureyes_error_and_stands_at_the_top():
    from foureyes import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.FoureyesError)
        assert f"{name} " in errors.__doc__ or name == "FoureyesError"
        assert getattr(fe, name) is getattr(errors, name)


def test_every_type_in_a_public_signature_can_be_imported_from_a_public_module():
    known = {id(value) for value in public().values()}
    missing = {
        f"{used.__module__}.{used.__qualname__}, in {name}"
        for name, value in public().items()
        for function in signatures(value)
        for hint in typing.get_type_hints(function).values()
        for used in classes(hint)
        if id(used) not in known and not used.__name__.startswith("_")
    }
    assert not missing


def test_every_public_name_says_what_it_is():
    undocumented = [
        name
        for name, value in public().items()
        if isinstance(value, (type, types.FunctionType)) and not inspect.getdoc(value)
    ]
    assert not undocumented


def test_the_page_of_public_names_is_current():
    run = subprocess.run(
        [sys.executable, "tools/public_names.py", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def signatures(value: object) -> Iterator[typing.Any]:
    """A function; or a class, for its fields, and its public methods."""
    if isinstance(value, (type, types.FunctionType)):
        yield value
    if isinstance(value, type):
        for name, member in vars(value).items():
            plain = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if not name.startswith("_") and isinstance(plain, types.FunctionType):
                yield plain


def classes(hint: object) -> Iterator[type]:
    """The classes of foureyes within a type hint."""
    arguments = typing.get_args(hint)
    if isinstance(hint, type) and not arguments and hint.__module__.startswith("foureyes"):
        yield hint
    for argument in arguments:
        for inner in argument if isinstance(argument, list) else [argument]:
            yield from classes(inner)
