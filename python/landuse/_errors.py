"""What can go wrong, as a small tree of exceptions that say where."""

from __future__ import annotations

from typing import Any


class LanduseError(Exception):
    """Any failure of this library.

    Attributes
    ----------
    file : str or None
        The file, or the layer as messages call it.
    row : int or None
        Position of the feature or row, from 0.
    label : object or None
        The label of that row in the index of the data frame it came from.
    id : str or None
        Id of the feature, unit or parcel.
    property : str or None
        The property, column or option.
    value : str or None
        What was found there.
    expected : str or None
        What would have been accepted.
    """

    def __init__(
        self,
        message: str = "",
        *,
        file: str | None = None,
        row: int | None = None,
        id: str | None = None,
        property: str | None = None,
        value: str | None = None,
        expected: str | None = None,
    ) -> None:
        super().__init__(message)
        self.file = file
        self.row = row
        self.label: Any = None
        self.id = id
        self.property = property
        self.value = value
        self.expected = expected


class OptionError(LanduseError, ValueError):
    """An option or argument out of range, or a schema or rule file that does not hold together."""


class DataError(LanduseError, ValueError):
    """Data that cannot be used: a file, a feature, a property or a value."""


class CrsError(LanduseError, ValueError):
    """A coordinate system that is unknown, ambiguous, not stated, or unfit for the question."""


class FileError(LanduseError, OSError):
    """A file that the system refused to open, read or write."""


class LimitError(LanduseError):
    """More data or work than fits: coordinates beyond 32-bit positions, pairs beyond a limit."""
