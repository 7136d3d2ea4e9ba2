"""Land-parcel analysis: low-efficiency clusters and development intensity against ecological control lines.

:func:`analyze` is the way in: parcels, lines and districts from GeoDataFrames, tables of Arrow or files, and every result as
tables that become GeoDataFrames. Single stages stand beside it: :func:`adjacency`, :func:`local_moran`, :func:`getis_ord`,
:func:`join_counts`, :func:`max_p`, :func:`gap_dbscan`, :func:`overlap`, :func:`ledger`.
"""

from __future__ import annotations

from ._analysis import Analysis, Layer, Picture, Rejected, Report, analyze
from ._errors import CrsError, DataError, FileError, LanduseError, LimitError, OptionError
from ._landuse import version as __version__
from ._neighbours import Adjacency, DensityClusters, Overlap, Regions, adjacency, gap_dbscan, ledger, max_p, overlap
from ._options import OptionFields, Options
from ._statistics import GetisOrd, JoinCounts, LocalMoran, getis_ord, join_counts, local_moran
from ._warnings import CrsWarning, DataWarning, LanduseWarning, ResultWarning

__all__ = [
    "Adjacency",
    "Analysis",
    "CrsError",
    "CrsWarning",
    "DataError",
    "DataWarning",
    "DensityClusters",
    "FileError",
    "GetisOrd",
    "JoinCounts",
    "LanduseError",
    "LanduseWarning",
    "Layer",
    "LimitError",
    "LocalMoran",
    "OptionError",
    "OptionFields",
    "Options",
    "Overlap",
    "Picture",
    "Regions",
    "Rejected",
    "Report",
    "ResultWarning",
    "__version__",
    "adjacency",
    "analyze",
    "gap_dbscan",
    "getis_ord",
    "join_counts",
    "ledger",
    "local_moran",
    "max_p",
    "overlap",
]
