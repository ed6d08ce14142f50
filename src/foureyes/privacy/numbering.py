"""Numbering plans: which digits are a phone number in a region, as Google's library of phone numbers states them.

The library's metadata are used and its parser is not, which takes a tenth of a millisecond for every try. What is decided
here is what its ``is_valid_number`` decides, and whether a number dialled within its country has the digit in front that
the country asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from foureyes.errors import ConfigError

__all__ = ["NORTH_AMERICA", "Plan", "phone_regions", "plan_of", "valid_abroad"]

NORTH_AMERICA: Final = 1
"""The country code that twenty-five regions share, with one way to group digits."""

_LONGEST_PREFIX: Final = 4  # digits, with those that choose a carrier
_TYPES: Final = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Format:
    """A way in which a region writes some of its numbers.

    Attributes:
        begins: what such numbers begin with.
        whole: what they are.
        needs_prefix: whether they are dialled with the national prefix.
    """

    begins: re.Pattern[str]
    whole: re.Pattern[str]
    needs_prefix: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A region's numbering plan.

    Attributes:
        country_code: that numbers from abroad begin with.
        lengths: how many digits a number may have, national prefix included.
    """

    country_code: int
    lengths: frozenset[int]
    _numbers: re.Pattern[str]
    _prefix: re.Pattern[str] | None
    _transform: str | None
    _exit: re.Pattern[str]
    _formats: tuple[_Format, ...]

    def national(self, digits: str) -> bool:
        """Whether these digits, dialled inside the region, are a number of it."""
        if len(digits) not in self.lengths:
            return False
        bare = self.without_prefix(digits)
        if bare != digits and self._numbers.fullmatch(bare):
            return True
        return self._numbers.fullmatch(digits) is not None and not self._needs_prefix(digits)

    def abroad(self, digits: str) -> bool:
        """Whether these digits, dialled inside the region, are a number of another."""
        found = self._exit.match(digits)
        return found is not None and valid_abroad(digits[found.end() :])

    def without_prefix(self, digits: str) -> str:
        """The digits of a number without the national prefix they may begin with."""
        found = self._prefix.match(digits) if self._prefix else None
        if not found:
            return digits
        groups = found.groups()
        if self._transform and groups and groups[-1] is not None:
            return found.expand(self._transform) + digits[found.end() :]
        return digits[found.end() :]

    def _needs_prefix(self, digits: str) -> bool:
        for written in self._formats:
            if written.begins.match(digits) and written.whole.fullmatch(digits):
                return written.needs_prefix
        return False


def phone_regions() -> frozenset[str]:
    """Regions whose plans are known, by their ISO 3166 code in small letters."""
    return frozenset(region.lower() for region in _library().SUPPORTED_REGIONS)


@cache
def plan_of(region: str) -> Plan:
    """The plan of a region, by its code in small letters."""
    metadata = _library().PhoneMetadata.metadata_for_region(region.upper(), None)
    return _plan(metadata, _world(str(metadata.country_code))[0])


def valid_abroad(digits: str) -> bool:
    """Whether these are a country code and a number of that country; one such as ``44 (0)20 7946 0958`` too."""
    for length in (1, 2, 3):
        if digits[:length] in _codes():
            return _valid_in(digits[:length], digits[length:])
    return False


def _valid_in(code: str, digits: str) -> bool:
    numbers, main = _world(code)
    return any(numbers.fullmatch(bare) for bare in {digits, main.without_prefix(digits)})


@cache
def _codes() -> frozenset[str]:
    return frozenset(str(code) for code in _library().COUNTRY_CODE_TO_REGION_CODE)


@cache
def _world(code: str) -> tuple[re.Pattern[str], Plan]:
    """Every number of a country code, and the plan of the largest region that has it."""
    library = _library()
    regions = library.COUNTRY_CODE_TO_REGION_CODE[int(code)]
    found = [
        library.PhoneMetadata.metadata_for_nongeo_region(int(code), None)
        if region == "001"
        else library.PhoneMetadata.metadata_for_region(region, None)
        for region in regions
    ]
    numbers = _numbers(found)
    return numbers, _plan(found[0], numbers)


def _plan(metadata: Any, numbers: re.Pattern[str]) -> Plan:
    lengths = frozenset(metadata.general_desc.possible_length)
    prefix = metadata.national_prefix_for_parsing
    written = (
        _Format(
            re.compile(way.leading_digits_pattern[-1] if way.leading_digits_pattern else ""),
            re.compile(way.pattern),
            _asks_for(metadata.national_prefix, way),
        )
        for way in metadata.number_format
    )
    return Plan(
        metadata.country_code,
        frozenset(length + extra for length in lengths for extra in range(_LONGEST_PREFIX + 1 if prefix else 1)),
        numbers,
        re.compile(prefix) if prefix else None,
        metadata.national_prefix_transform_rule,
        re.compile(metadata.international_prefix or "(?!)"),
        tuple(written),
    )


def _asks_for(prefix: str | None, way: Any) -> bool:
    """Whether numbers written in this way are dialled with the national prefix."""
    rule = way.national_prefix_formatting_rule
    return bool(prefix and rule and not way.national_prefix_optional_when_formatting) and re.sub(
        r"\D", "", rule.replace("\\1", "")
    ).startswith(prefix or "")


def _numbers(plans: list[Any]) -> re.Pattern[str]:
    """Numbers of any type in any of some regions."""
    kinds = [getattr(plan, kind) for plan in plans for kind in _TYPES]
    patterns = {kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern}
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)))


@cache
def _library() -> Any:
    try:
        import phonenumbers  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        raise ConfigError("finding phone numbers needs phonenumbers: pip install 'foureyes[privacy]'") from error
    return phonenumbers
