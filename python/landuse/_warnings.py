"""What a reader should know, as warnings with categories."""

from __future__ import annotations

import warnings
from collections.abc import Iterable


class LanduseWarning(UserWarning):
    """Something a reader should know.

    Attributes
    ----------
    kind : str
        Its kind, as ``docs/warnings.md`` lists them.
    subject : str
        What it is about: a layer, a column, a study unit.
    figure : float or None
        Its figure.
    """

    def __init__(self, message: str = "", kind: str = "", subject: str = "", figure: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.subject = subject
        self.figure = figure


class DataWarning(LanduseWarning):
    """Noticed while data were read: features put aside, values that are none, boundaries repaired."""


class CrsWarning(DataWarning):
    """Noticed about coordinates and the plane they are laid into."""


class ResultWarning(LanduseWarning):
    """Noticed in the results: too few to rank, ties, units that cannot be assessed."""


_OF_COORDINATES = {
    "crs_overruled",
    "crs_not_understood",
    "outside_area_of_use",
    "offset_datum",
    "stray_coordinates",
    "non_finite_coordinates",
    "looks_like_degrees",
    "plane_reach",
    "plane_scale",
    "layer_far_away",
}

Told = tuple[str, str, "float | None", str]


def tell(told: Iterable[Told], category: type[LanduseWarning], stacklevel: int) -> None:
    """Gives each warning to :mod:`warnings`."""
    for kind, subject, figure, text in told:
        of = CrsWarning if kind in _OF_COORDINATES else category
        warnings.warn(of(text, kind, subject, figure), stacklevel=stacklevel + 1)
