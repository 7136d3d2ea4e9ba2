"""Single stages that look at shapes: neighbours, density clusters, regions, overlap with lines, the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _landuse
from ._analysis import Layer, Progress, _Asked, _listener, analyze
from ._errors import DataError, OptionError
from ._options import Options
from ._statistics import Numbers, pairs_of
from ._warnings import DataWarning, tell

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def _shapes(
    parcels: Any, layers: dict[str, Any], source_crs: str | None, crs: str, threads: int | None, stacklevel: int
) -> tuple[_landuse.Parcels, _Asked, int]:
    """Features one by one, without their properties."""
    options = Options(source_crs=source_crs, crs=crs, input={"records": "judged_alone"})
    asked = _Asked(parcels, layers, None, None, threads)
    inputs = asked.load(options, None, properties=False)
    tell(inputs.warnings(), DataWarning, stacklevel + 1)
    rejected = len(inputs.rejected())
    count = len(inputs) + rejected if asked.frame is None else len(asked.frame)
    return _landuse.Parcels(inputs), asked, count


def _labels(asked: _Asked, count: int) -> Any:
    return np.arange(count) if asked.frame is None else asked.frame.index


class Adjacency:
    """Neighbours of every feature, with the reason of each link.

    Attributes
    ----------
    focal, neighbor : ndarray of uint32
        Positions of the features of each pair in the data, from 0; each pair once.
    contact : ndarray of str
        Why they are neighbours: ``overlap``, ``edge``, ``corner`` or ``gap``.
    gap_m : ndarray of float
        Distance between the two, m; 0 unless the contact is ``gap``.
    shared_m : ndarray of float
        Length over which their boundaries run together, m.
    n : int
        Number of features.
    index : Index or ndarray
        Labels of the features: the index of the frame, or positions.
    """

    def __init__(self, links: pa.Table, index: Any, n: int) -> None:
        self._links = links
        self.index = index
        self.n = n
        self.focal: np.ndarray[Any, Any] = links["focal"].to_numpy()
        self.neighbor: np.ndarray[Any, Any] = links["neighbor"].to_numpy()
        self.gap_m: np.ndarray[Any, Any] = links["gap_m"].to_numpy()
        self.shared_m: np.ndarray[Any, Any] = links["shared_m"].to_numpy()

    @property
    def contact(self) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = self._links["contact"].to_numpy(zero_copy_only=False)
        return found

    def to_pyarrow(self) -> pa.Table:
        """The links as a table, each pair once."""
        return self._links

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._links.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self.focal)

    def _weights(self, weight: str) -> np.ndarray[Any, Any]:
        if weight == "binary":
            return np.ones(len(self))
        if weight in ("gap_m", "shared_m"):
            found: np.ndarray[Any, Any] = getattr(self, weight)
            return found
        raise OptionError(
            f"`weight` is {weight!r}, expected 'binary', 'gap_m' or 'shared_m'", property="weight", value=weight
        )

    def to_sparse(self, weight: Literal["binary", "gap_m", "shared_m"] = "binary") -> Any:
        """As a symmetric ``scipy.sparse.csr_array`` of n × n."""
        from scipy.sparse import coo_array

        data = self._weights(weight)
        rows = np.concatenate([self.focal, self.neighbor])
        columns = np.concatenate([self.neighbor, self.focal])
        return coo_array((np.concatenate([data, data]), (rows, columns)), shape=(self.n, self.n)).tocsr()

    def to_graph(self, weight: Literal["binary", "gap_m", "shared_m"] = "binary") -> Any:
        """As a ``libpysal.graph.Graph`` over the labels of the frame; features without neighbours are its isolates.

        Raises
        ------
        DataError
            Where labels repeat: a graph needs one of its own for each feature.
        """
        from libpysal.graph import Graph

        labels = np.asarray(self.index)
        if len(np.unique(labels)) != len(labels):
            raise DataError(
                "the index of the frame has labels that repeat, expected one of its own for each feature (`reset_index()`)"
            )
        data = self._weights(weight)
        focal = np.concatenate([self.focal, self.neighbor])
        neighbor = np.concatenate([self.neighbor, self.focal])
        alone = np.setdiff1d(np.arange(self.n), focal)
        focal = np.concatenate([focal, alone])
        neighbor = np.concatenate([neighbor, alone])
        data = np.concatenate([data, data, np.zeros(len(alone))])
        order = np.lexsort((neighbor, focal))
        return Graph.from_arrays(labels[focal[order]], labels[neighbor[order]], data[order])

    def components(self) -> np.ndarray[Any, Any]:
        """Label of the connected component of each feature, from 0."""
        from scipy.sparse.csgraph import connected_components

        labels: np.ndarray[Any, Any] = connected_components(self.to_sparse(), directed=False)[1]
        return labels

    def __repr__(self) -> str:
        return f"<landuse.Adjacency: {self.n} features, {len(self)} links>"


def adjacency(
    parcels: Any,
    *,
    gap_m: float | None = None,
    rule: str | None = None,
    barriers: Any = None,
    lanes: Any = None,
    source_crs: str | None = None,
    crs: str = "auto",
    threads: int | None = None,
) -> Adjacency:
    """Neighbours of every parcel by a rule, measured exactly on the boundaries.

    Parameters
    ----------
    parcels : GeoDataFrame, table with ``__arrow_c_stream__``, GeoJSON or path
    gap_m : float, optional
        Parcels up to this far apart are neighbours, m. Default: 15, where no `rule` is given.
    rule : str, optional
        Instead of a gap: ``edge`` or ``rook``, ``edge:0.5`` (over at least 0.5 m), ``corner`` or ``queen``, ``knn:8``,
        ``band:200`` (centres at most 200 m apart).
    barriers, lanes : layer, optional
        What cuts neighbours across a gap off, and where it can be crossed.
    source_crs : str, optional
        System of the coordinates, where the data do not state it.
    crs : str, optional
        Plane to measure in: ``auto`` (equal-area, around the data) or ``EPSG:…`` (projected, metres).
    threads : int, optional
        Default: as many as the machine has. No result depends on it.

    Returns
    -------
    Adjacency

    Examples
    --------
    >>> import landuse
    >>> graph = landuse.adjacency(frame, gap_m=15).to_graph()  # doctest: +SKIP
    """
    if gap_m is not None and rule is not None:
        raise OptionError("`gap_m` and `rule` are both given, expected one of them", property="rule", value=rule)
    by = f"gap:{15.0 if gap_m is None else gap_m}" if rule is None else {"rook": "edge", "queen": "corner"}.get(rule, rule)
    shapes, asked, count = _shapes(parcels, {"barriers": barriers, "lanes": lanes}, source_crs, crs, threads, 2)
    return Adjacency(shapes.adjacency(by, threads), _labels(asked, count), count)


class DensityClusters:
    """Clusters by density.

    Attributes
    ----------
    labels_ : ndarray of int
        Cluster of each feature, from 0; -1 for noise, as scikit-learn has it.
    core_mask_ : ndarray of bool
        Whether each feature is a core.
    """

    def __init__(self, labels: np.ndarray[Any, Any], core: np.ndarray[Any, Any]) -> None:
        self.labels_ = labels
        self.core_mask_ = core

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels_.max(initial=-1)) + 1

    def __repr__(self) -> str:
        return f"<landuse.DensityClusters: {self.n_clusters} clusters>"


def gap_dbscan(
    parcels: Any,
    *,
    eps_m: float,
    min_weight: float,
    weights: Numbers | None = None,
    among: Any = None,
    source_crs: str | None = None,
    crs: str = "auto",
    threads: int | None = None,
) -> DensityClusters:
    """Density clusters of polygons, by the gaps between them rather than by centres.

    A parcel is a core where the weights within `eps_m` of it, its own included, reach `min_weight`; cores within `eps_m` of each
    other are one cluster, others within it its border.

    Parameters
    ----------
    parcels : layer
    eps_m : float
        Greatest gap between neighbours, m.
    min_weight : float
        Least weight around a core: m² where weights are areas.
    weights : array of float, optional
        One for each feature. Default: areas in the plane, m².
    among : array of bool, optional
        Which features take part. Default: all.
    source_crs, crs, threads
        As in :func:`adjacency`.
    """
    import pyarrow as pa

    shapes, _, count = _shapes(parcels, {}, source_crs, crs, threads, 2)
    given = None if weights is None else pa.array(np.ascontiguousarray(weights, dtype=np.float64))
    part = None if among is None else pa.array(np.ascontiguousarray(among, dtype=bool))
    for name, array in (("weights", given), ("among", part)):
        if array is not None and len(array) != count:
            raise OptionError(
                f"`{name}` has {len(array)} values, expected one for each of {count} features", property=name
            )
    found = _landuse.gap_dbscan(shapes, eps_m, min_weight, given, part, threads)
    labels = np.full(count, -1, dtype=np.int64)
    core = np.zeros(count, dtype=bool)
    rows = found["row"].to_numpy()
    labels[rows] = found["label"].cast(pa.int64()).fill_null(-1).to_numpy()
    core[rows] = found["core"].to_numpy()
    return DensityClusters(labels, core)


class Regions:
    """Contiguous regions, each of a least weight.

    Attributes
    ----------
    labels_ : ndarray of int
        Region of each observation, from 0; -1 for those in none.
    heterogeneity : float or None
        Sum over regions of the squared deviations of the values from the region's mean; none without values.
    """

    def __init__(self, labels: np.ndarray[Any, Any], heterogeneity: float | None) -> None:
        self.labels_ = labels
        self.heterogeneity = heterogeneity

    @property
    def p(self) -> int:
        """Number of regions."""
        return int(self.labels_.max(initial=-1)) + 1

    def __repr__(self) -> str:
        return f"<landuse.Regions: {self.p} regions>"


def max_p(
    graph: Any,
    weights: Numbers,
    *,
    min_weight: float,
    max_weight: float | None = None,
    values: Numbers | None = None,
    islands: Literal["drop", "single"] = "drop",
    starts: int = 8,
    passes: int = 20,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | bool | None = None,
) -> Regions:
    """As many contiguous regions as possible, each of a least weight (the max-p-regions problem).

    Parameters
    ----------
    graph : libpysal Graph or W, Adjacency, or sparse matrix
        What makes regions contiguous; links count in both directions.
    weights : array of float
        One for each observation, of at least 0: areas in m² for regions of a least area.
    min_weight : float
        Least weight of a region.
    max_weight : float, optional
        Greatest weight of a region.
    values : array of float, optional
        Regions of observations of like values are preferred among equally many.
    islands : {'drop', 'single'}
        Components below the least weight are in no region, or one each.
    starts, passes : int
        How long regions are sought.
    seed : int
        Equal seeds give equal regions.

    Notes
    -----
    A heuristic: the number of regions is a lower bound of what is possible. Duque, Anselin and Rey (2012) for the problem.
    """
    import pyarrow as pa

    focal, neighbor, count = pairs_of(graph)
    listener, end = _listener(progress)
    columns = [np.ascontiguousarray(column, dtype=np.float64) for column in (weights, values) if column is not None]
    for name, column in zip(("weights", "values"), columns):
        if len(column) != count:
            raise OptionError(
                f"`{name}` has {len(column)} values, expected one for each of {count} observations", property=name
            )
    try:
        table, heterogeneity = _landuse.max_p(
            focal,
            neighbor,
            pa.array(columns[0]),
            min_weight,
            max_weight,
            None if values is None else pa.array(columns[1]),
            islands,
            starts,
            passes,
            seed,
            threads,
            listener,
        )
    finally:
        end()
    return Regions(table["label"].cast(pa.int64()).fill_null(-1).to_numpy(), heterogeneity)


class Overlap:
    """What control lines take of features.

    Attributes
    ----------
    pairs : pyarrow.Table
        A row for each line and feature that share land: ``row`` (position of the feature), ``line`` (its id), ``overlap_m2``
        (m²), ``relation`` (``partial`` or ``inside``).
    excluded_m2 : ndarray of float
        Area of each feature inside the union of the lines that exclude construction, m²; NaN for features that cannot be used.
    relation : ndarray of str
        How each feature lies to that union: ``outside``, ``partial`` or ``inside``.
    """

    def __init__(self, pairs: pa.Table, union: pa.Table, index: Any, n: int) -> None:
        self.pairs = pairs
        self.index = index
        rows = union["row"].to_numpy()
        self.excluded_m2: np.ndarray[Any, Any] = np.full(n, np.nan)
        self.excluded_m2[rows] = union["excluded_m2"].to_numpy()
        self.relation: np.ndarray[Any, Any] = np.full(n, None, dtype=object)
        self.relation[rows] = union["relation"].to_numpy(zero_copy_only=False)

    def to_pandas(self) -> pd.DataFrame:
        """The pairs as a data frame, with the labels of the features as its index."""
        frame: pd.DataFrame = self.pairs.to_pandas()
        import pandas

        frame.index = pandas.Index(self.index).take(frame["row"].to_numpy())
        return frame

    def __repr__(self) -> str:
        return f"<landuse.Overlap: {self.pairs.num_rows} pairs of line and feature>"


def overlap(
    parcels: Any,
    control_lines: Any,
    *,
    source_crs: str | None = None,
    crs: str = "auto",
    threads: int | None = None,
) -> Overlap:
    """What each control line takes of each parcel, and the union of those that exclude construction.

    Areas are exact up to rounding (1e-9 of the parcel's area). Parameters as in :func:`adjacency` and :func:`analyze`.
    """
    layers = {"control_lines": control_lines}
    shapes, asked, count = _shapes(parcels, layers, source_crs, crs, threads, 2)
    pairs, union = shapes.overlap(threads)
    return Overlap(pairs, union, _labels(asked, count), count)


def ledger(parcels: Any, **arguments: Any) -> Layer:
    """The balance of land and the intensity of each study unit, alone: parameters as in :func:`analyze`.

    The same rows as :attr:`Analysis.ledger`; draws, which it has no use for, are kept to one.
    """
    arguments.setdefault("permutations", 1)
    return analyze(parcels, **arguments).ledger
