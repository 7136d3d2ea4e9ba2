"""Everything an analysis can be asked, as one typed object."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from . import _landuse
from ._errors import OptionError

Json = dict[str, Any]


class OptionFields(TypedDict, total=False):
    """Names and types of the options; ``docs/options.md`` of the library says what each means.

    The first group are short names for what stands in a table of its own in a file.
    """

    candidates: str | None
    score: str | None
    low: Mapping[str, Any] | None
    gap_m: float
    min_site_area_m2: float
    permutations: int
    source_crs: str | None
    crs: str

    seed: int
    warning_line: tuple[float, str] | Mapping[str, Any] | None
    input: Mapping[str, Any]
    efficiency: Mapping[str, Any]
    adjacency: str | None
    sites: Mapping[str, Any]
    significance: Mapping[str, Any]
    owner: str | None
    density: Mapping[str, float] | None
    regions: Mapping[str, Any] | None
    statistics: Mapping[str, Any]
    review: Mapping[str, Any]
    reserve: Mapping[str, Any]
    floor_area_counts: bool
    unparcelled: str
    cells: Mapping[str, Any] | None
    bands_m: Sequence[float]
    limits: Sequence[Mapping[str, Any]]
    headroom_far: float | None
    growth_ratio_per_year: float | None
    population: str | None
    sums: Sequence[str]
    means: Sequence[str]
    sensitivity: Mapping[str, Any] | None


_SHORT: dict[str, tuple[tuple[str, str], ...]] = {
    "candidates": (("efficiency", "candidates"),),
    "score": (("efficiency", "score"),),
    "low": (("efficiency", "low"),),
    "gap_m": (("sites", "gap_m"),),
    "min_site_area_m2": (("sites", "min_area_m2"),),
    "permutations": (("statistics", "permutations"), ("significance", "draws")),
    "source_crs": (("input", "source_crs"),),
    "crs": (("input", "crs"),),
}


def _laid_over(options: Json, changes: Mapping[str, Any]) -> Json:
    """The options with changes laid over them; tables are merged, all else is replaced."""
    merged = dict(options)
    for name, value in changes.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping) and name != "low":
            merged[name] = _laid_over(dict(before), value)
        else:
            merged[name] = value
    return merged


def _in_tables(fields: Mapping[str, Any]) -> Json:
    """Options by their names in files."""
    tables: Json = {}
    for name, value in fields.items():
        if name not in OptionFields.__annotations__:
            near = difflib.get_close_matches(name, OptionFields.__annotations__, 1)
            hint = f": did you mean `{near[0]}`?" if near else ""
            raise OptionError(f"there is no option `{name}`{hint}", property=name)
        if name == "warning_line" and isinstance(value, tuple):
            if len(value) != 2:
                raise OptionError(
                    f"`warning_line` is {value!r}, expected a share and who set it, such as (0.3, 'plan 2035')",
                    property="warning_line",
                    value=repr(value),
                )
            value = {"share": value[0], "source": value[1]}
        if name in _SHORT:
            for table, key in _SHORT[name]:
                tables = _laid_over(tables, {table: {key: value}})
        else:
            tables = _laid_over(tables, {name: value})
    return tables


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no value of an option")


class Options:
    """Everything an analysis is asked, checked once.

    Each option has the name it has in a file of options (TOML) and in the manifest of a run; short names are
    `candidates`, `score`, `low`, `gap_m`, `min_site_area_m2`, `permutations`, `source_crs` and `crs`.

    Parameters
    ----------
    **options
        See :class:`OptionFields`. What is left out keeps its default.

    Raises
    ------
    OptionError
        For a name that is none, with the nearest one, and for each value out of range.

    Examples
    --------
    >>> import landuse
    >>> options = landuse.Options(score="tax_yuan / area_m2", low={"worst_share": 0.2}, gap_m=15, seed=7)
    >>> options["sites"]["gap_m"]
    15.0
    >>> options.with_(gap_m=30) == options
    False
    >>> landuse.Options.from_toml(options.to_toml()) == options
    True
    """

    __slots__ = ("_native",)
    _native: _landuse.Options

    def __init__(self, **options: Any) -> None:
        self._native = self._checked({}, options)

    @staticmethod
    def _checked(base: Json, fields: Mapping[str, Any]) -> _landuse.Options:
        tables = _laid_over(base, _in_tables(fields))
        try:
            text = json.dumps(tables, default=_plain, allow_nan=False)
        except TypeError as error:
            raise OptionError(f"options: {error}") from None
        except ValueError:
            raise OptionError(f"options: a number of {dict(fields)} is not finite") from None
        return _landuse.Options.from_json(text)

    @classmethod
    def _of(cls, native: _landuse.Options) -> Options:
        options = cls.__new__(cls)
        options._native = native
        return options

    @classmethod
    def from_toml(cls, text: str, file: str = "options") -> Options:
        """Reads a file of options (TOML), or the manifest of a run (JSON); `file` is what errors call it."""
        return cls._of(_landuse.Options.from_toml(text, file))

    def to_toml(self) -> str:
        """As a file that :meth:`from_toml`, the command and Rust read back."""
        return self._native.to_toml()

    def to_dict(self) -> Json:
        """Every option by its name in files."""
        found: Json = json.loads(self._native.to_json())
        return found

    def with_(self, **options: Any) -> Options:
        """The same with some options changed."""
        return self._of(self._checked(self.to_dict(), options))

    def __getitem__(self, name: str) -> Any:
        return self.to_dict()[name]

    def __eq__(self, other: object) -> bool:
        return self._native == other._native if isinstance(other, Options) else NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        return Options.from_toml, (self.to_toml(),)

    def __repr__(self) -> str:
        default = json.loads(_landuse.Options.from_json("{}").to_json())
        changed = {name: value for name, value in self.to_dict().items() if value != default.get(name)}
        inner = ", ".join(f"{name}={value!r}" for name, value in changed.items())
        return f"Options({inner})"
