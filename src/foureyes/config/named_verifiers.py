"""Verifiers that other tables refer to by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from foureyes.config.fields import ConfigSource, texts
from foureyes.config.verifier_settings import Verifier

__all__ = ["NamedVerifier", "named_verifiers", "told"]


def named_verifiers(names: Any, source: ConfigSource) -> Iterator[Verifier]:
    """Those of these names; those whose own table is wrong are left out, as that is a mistake already."""
    for name in texts(names):
        if name in source.verifiers:
            yield source.verifiers[name]
        elif name not in source.named:
            near = difflib.get_close_matches(name, source.named, n=1) or source.named
            raise ValueError(f"no verifier is called {name!r}; there are {', '.join(near) or 'none'}")


def told(name: str, table: Any, own: Mapping[str, Any]) -> Any:
    """A table that knows its name, and what stands in it unless it says otherwise."""
    return {"name": name, **own} | table if isinstance(table, dict) else table


def _remembered(table: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A verifier, kept for the tables that ask for it by name."""
    verifier = read(table)
    if isinstance(info.context, ConfigSource):
        info.context.verifiers[verifier.name] = verifier
    return verifier


NamedVerifier: TypeAlias = Annotated[Annotated[Verifier, Field(discriminator="kind")], WrapValidator(_remembered)]
"""A verifier that tables behind it may refer to by its name, once it is right."""
