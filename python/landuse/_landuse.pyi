from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, final

_Told = tuple[str, str, float | None, str]
_Progress = Callable[[str, float], object]
_Reference = tuple[float, float, float, float, float]

__all__ = [
    "Analysis",
    "Inputs",
    "Layer",
    "Options",
    "Parcels",
    "gap_dbscan",
    "join_counts",
    "load",
    "local_statistics",
    "max_p",
    "run",
    "understands_crs",
    "version",
]

version: str

@final
class Options:
    @staticmethod
    def from_json(text: str) -> Options: ...
    @staticmethod
    def from_toml(text: str, file: str) -> Options: ...
    def to_toml(self) -> str: ...
    def to_json(self) -> str: ...
    @property
    def source_crs(self) -> str | None: ...
    def reads_as(self, other: Options) -> bool: ...

@final
class Layer:
    @staticmethod
    def path(path: str | PathLike[str], layer: str | None = None) -> Layer: ...
    @staticmethod
    def text(name: str, text: str) -> Layer: ...
    @staticmethod
    def arrow(table: Any, name: str, geometry: str | None = None, crs: str | None = None) -> Layer: ...
    @property
    def crs(self) -> str | None: ...

@final
class Inputs:
    def warnings(self) -> list[_Told]: ...
    def rejected(self) -> list[tuple[int, str | None, str]]: ...
    def __len__(self) -> int: ...

@final
class Analysis:
    def summary_json(self) -> str: ...
    def text(self, language: str) -> str: ...
    def layer(self, name: str, geometry: bool, threads: int | None = None) -> Any: ...
    def map(self, title: str, threads: int | None = None) -> tuple[bytes, list[str]]: ...
    def report(self, language: str, threads: int | None = None) -> str: ...
    def warnings(self) -> list[_Told]: ...
    @property
    def options(self) -> Options: ...

@final
class Parcels:
    def __new__(cls, inputs: Inputs) -> Parcels: ...
    def areas(self) -> Any: ...
    def adjacency(self, rule: str, threads: int | None = None) -> Any: ...
    def overlap(self, threads: int | None = None) -> tuple[Any, Any]: ...

def understands_crs(text: str) -> bool: ...
def load(
    parcels: Layer,
    options: Options,
    layers: Sequence[tuple[str, Layer]],
    schema: str | None = None,
    profile: str | None = None,
    threads: int | None = None,
    progress: _Progress | None = None,
) -> Inputs: ...
def run(
    inputs: Inputs,
    options: Options,
    after: Analysis | None = None,
    threads: int | None = None,
    progress: _Progress | None = None,
) -> Analysis: ...
def gap_dbscan(
    parcels: Parcels,
    eps_m: float,
    min_weight: float,
    weights: Any = None,
    takes_part: Any = None,
    threads: int | None = None,
) -> Any: ...
def max_p(
    focal: Any,
    neighbor: Any,
    weights: Any,
    min_weight: float,
    max_weight: float | None = None,
    values: Any = None,
    islands: str = "drop",
    starts: int = 8,
    passes: int = 20,
    seed: int = 0,
    threads: int | None = None,
    progress: _Progress | None = None,
) -> tuple[Any, float | None]: ...
def local_statistics(
    values: Any,
    offsets: Any,
    neighbors: Any,
    weights: Any = None,
    row_standardised: bool = True,
    permutations: int = 9999,
    seed: int = 0,
    alternative: str = "two-sided",
    alpha: float = 0.05,
    threads: int | None = None,
    progress: _Progress | None = None,
) -> tuple[Any, str | None, float | None]: ...
def join_counts(
    marks: Any, offsets: Any, neighbors: Any, threads: int | None = None
) -> tuple[list[tuple[float, _Reference | None]], Any]: ...
