"""Spatial autocorrelation of values over a graph, with the names of esda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Union

import numpy as np

from . import _landuse
from ._errors import DataError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    import pyarrow as pa

    Numbers = Union["np.ndarray[Any, Any]", "pd.Series[Any]", Sequence[float]]
    Progress = Callable[[str, float], object]
else:
    Numbers = Any

Alternative = Literal["two-sided", "greater", "lesser"]


class Rows:
    """Weights in compressed rows, and the labels of the observations."""

    def __init__(self, matrix: Any, labels: Any) -> None:
        matrix = matrix.tocsr()
        if matrix.shape[0] != matrix.shape[1]:
            raise OptionError(f"`graph` has the shape {matrix.shape}, expected a square", property="graph")
        matrix.sum_duplicates()
        # Isolates stand in a graph as links of weight 0 to themselves.
        if (matrix.data == 0).any():
            matrix = matrix.copy()
            matrix.eliminate_zeros()
        self.n = int(matrix.shape[0])
        self.labels = labels
        self.offsets = matrix.indptr.astype(np.uint32)
        self.neighbors = matrix.indices.astype(np.uint32)
        self.weights = np.ascontiguousarray(matrix.data, dtype=np.float64)

    def equal_in_rows(self) -> bool:
        """Whether the weights of each row are equal."""
        if len(self.weights) == 0:
            return True
        counts = np.diff(self.offsets.astype(np.int64))
        starts = self.offsets[:-1][counts > 0].astype(np.int64)
        low = np.minimum.reduceat(self.weights, starts)
        high = np.maximum.reduceat(self.weights, starts)
        return bool((low == high).all() and (low > 0).all())


def rows_of(graph: Any) -> Rows:
    """Weights of a libpysal Graph or W, of an Adjacency, or of a sparse matrix."""
    if hasattr(graph, "unique_ids") and hasattr(graph, "sparse"):
        return Rows(graph.sparse, np.asarray(graph.unique_ids))
    if hasattr(graph, "id_order") and hasattr(graph, "sparse"):
        return Rows(graph.sparse, np.asarray(graph.id_order))
    if hasattr(graph, "to_sparse") and hasattr(graph, "gap_m"):
        return Rows(graph.to_sparse(), np.asarray(graph.index))
    if hasattr(graph, "tocsr"):
        return Rows(graph, None)
    found = f"{type(graph).__module__}.{type(graph).__qualname__}"
    raise TypeError(f"graph: found {found}, expected a libpysal Graph or W, an Adjacency or a sparse matrix")


def pairs_of(graph: Any) -> tuple[pa.Array, pa.Array, int]:
    """Each pair of linked observations once, and how many observations there are."""
    import pyarrow as pa

    rows = rows_of(graph)
    focal = np.repeat(np.arange(rows.n, dtype=np.uint32), np.diff(rows.offsets.astype(np.int64)))
    low = np.minimum(focal, rows.neighbors).astype(np.uint64)
    high = np.maximum(focal, rows.neighbors).astype(np.uint64)
    pairs = np.unique((low << np.uint64(32)) | high)
    focal = (pairs >> np.uint64(32)).astype(np.uint32)
    neighbor = (pairs & np.uint64(0xFFFF_FFFF)).astype(np.uint32)
    return pa.array(focal), pa.array(neighbor), rows.n


def _aligned(values: Any, rows: Rows, name: str) -> Any:
    """Values in the order of the observations; a series whose labels are those of the graph is put into it."""
    if hasattr(values, "reindex") and rows.labels is not None and not values.index.equals(rows.labels):
        labels = set(rows.labels.tolist())
        if values.index.is_unique and labels == set(values.index.tolist()):
            values = values.reindex(rows.labels)
        elif len(values) == rows.n:
            raise DataError(f"`{name}` has other labels than the graph, expected the same", property=name)
    if len(values) != rows.n:
        raise DataError(
            f"`{name}` has {len(values)} values, expected one for each of the {rows.n} observations of the graph",
            property=name,
        )
    return values


def _numbers(values: Any, rows: Rows) -> np.ndarray[Any, Any]:
    values = _aligned(values, rows, "y")
    try:
        if hasattr(values, "to_numpy"):
            found: np.ndarray[Any, Any] = values.to_numpy(dtype=np.float64, na_value=np.nan)
            return np.ascontiguousarray(found)
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"`y` holds what is no number: {error}", property="y") from None


class _Local:
    """What local statistics have in common."""

    def __init__(self, found: Any, y: np.ndarray[Any, Any], permutations: int, labels: Any, undefined: str | None) -> None:
        self._found = found
        self._labels = labels
        self.y = y
        self.n = len(y)
        self.permutations = permutations
        #: Why there is no result at all; none where there is one.
        self.undefined = undefined

    def _numbers(self, name: str) -> np.ndarray[Any, Any]:
        column: np.ndarray[Any, Any] = self._found[name].to_numpy(zero_copy_only=False)
        return column.astype(np.float64)

    def _frame(self, columns: dict[str, Any]) -> pd.DataFrame:
        import pandas

        return pandas.DataFrame(columns, index=None if self._labels is None else pandas.Index(self._labels))


class LocalMoran(_Local):
    """Local Moran's I; names as in ``esda.Moran_Local``.

    Attributes
    ----------
    Is : ndarray of float
        Local Moran ``(n-1) z_i Σ_j w_ij z_j / Σ z²``; NaN for islands and unknown values.
    q : ndarray of int
        Quadrant of the scatter plot: 1 HH, 2 LH, 3 LL, 4 HL; 0 where there is none.
    p_sim : ndarray of float
        Permutation p by `alternative`.
    q_sim : ndarray of float
        Rate of false discoveries (Benjamini-Hochberg) at which each would just be significant.
    significant_fdr : ndarray of bool
        Whether that is at most `alpha`.
    I : float or None
        Global Moran's I.
    """

    def __init__(self, found: Any, y: np.ndarray[Any, Any], permutations: int, labels: Any, undefined: str | None, i: float | None) -> None:
        super().__init__(found, y, permutations, labels, undefined)
        self.Is = self._numbers("moran")
        names = found["quadrant"].to_numpy(zero_copy_only=False)
        number = {"HH": 1, "LH": 2, "LL": 3, "HL": 4}
        self.q: np.ndarray[Any, Any] = np.array([number.get(name, 0) for name in names], dtype=np.int64)
        self.p_sim = self._numbers("moran_p")
        self.q_sim = self._numbers("moran_q")
        self.significant_fdr: np.ndarray[Any, Any] = found["moran_fdr"].to_numpy(zero_copy_only=False)
        self.I = i

    def get_cluster_labels(self, crit_value: float = 0.05) -> np.ndarray[Any, Any]:
        """Quadrant of each observation significant at `crit_value`, in the words of esda; ``Insignificant`` for all others."""
        words = np.array(["Insignificant", "High-High", "Low-High", "Low-Low", "High-Low"])
        significant = self.p_sim <= crit_value
        found: np.ndarray[Any, Any] = words[np.where(significant, self.q, 0)]
        return found

    def to_frame(self) -> pd.DataFrame:
        """As a data frame over the labels of the graph."""
        return self._frame({"Is": self.Is, "q": self.q, "p_sim": self.p_sim, "q_sim": self.q_sim})

    def __repr__(self) -> str:
        return f"<landuse.LocalMoran: n = {self.n}, I = {self.I}>"


class GetisOrd(_Local):
    """Local Gi or Gi*; names as in ``esda.G_Local``.

    Attributes
    ----------
    Zs : ndarray of float
        Gi or Gi* as a z-score (Ord and Getis 1995); NaN for islands and unknown values.
    p_sim : ndarray of float
        Permutation p by `alternative`: Gi and Gi* have the same rank.
    q_sim : ndarray of float
        Rate of false discoveries at which each would just be significant.
    significant_fdr : ndarray of bool
        Whether that is at most `alpha`.
    star : bool
        Whether observations count as their own neighbours.
    """

    def __init__(self, found: Any, y: np.ndarray[Any, Any], permutations: int, labels: Any, undefined: str | None, star: bool) -> None:
        super().__init__(found, y, permutations, labels, undefined)
        self.star = star
        self.Zs = self._numbers("gi_star_z" if star else "gi_z")
        self.p_sim = self._numbers("g_p")
        self.q_sim = self._numbers("g_q")
        self.significant_fdr: np.ndarray[Any, Any] = found["g_fdr"].to_numpy(zero_copy_only=False)

    def to_frame(self) -> pd.DataFrame:
        """As a data frame over the labels of the graph."""
        return self._frame({"Zs": self.Zs, "p_sim": self.p_sim, "q_sim": self.q_sim})

    def __repr__(self) -> str:
        return f"<landuse.GetisOrd: n = {self.n}, {'Gi*' if self.star else 'Gi'}>"


def _local(
    y: Numbers,
    graph: Any,
    permutations: int,
    seed: int,
    alternative: str,
    alpha: float,
    transformation: str,
    threads: int | None,
    progress: Progress | None,
) -> tuple[Any, np.ndarray[Any, Any], Any, str | None, float | None]:
    import pyarrow as pa

    if transformation.lower() not in ("r", "b", "o"):
        raise OptionError(
            f"`transformation` is {transformation!r}, expected 'r' (rows that sum to 1), 'b' (binary) or 'o' (as given)",
            property="transformation",
            value=transformation,
        )
    rows = rows_of(graph)
    numbers = _numbers(y, rows)
    how = transformation.lower()
    # Weights equal within a row are told by their links alone.
    by_links = how == "b" or (how == "r" and rows.equal_in_rows()) or bool((rows.weights == 1).all())
    table, undefined, i = _landuse.local_statistics(
        pa.array(numbers, from_pandas=True),
        pa.array(rows.offsets),
        pa.array(rows.neighbors),
        None if by_links else pa.array(rows.weights),
        how == "r",
        permutations,
        seed,
        alternative,
        alpha,
        threads,
        progress,
    )
    return table, numbers, rows.labels, undefined, i


def local_moran(
    y: Numbers,
    graph: Any,
    *,
    permutations: int = 9999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    transformation: Literal["r", "b", "o"] = "r",
    threads: int | None = None,
    progress: Progress | None = None,
) -> LocalMoran:
    """Local Moran's I of every observation, tested by conditional permutation.

    Parameters
    ----------
    y : array or Series of float
        One value for each observation, NaN or null where unknown: those are left out with their links. A Series is put into the
        order of the graph by its labels.
    graph : libpysal Graph or W, Adjacency, or sparse matrix
        Spatial weights.
    permutations : int
        Draws, R. They are shared between observations, as in esda, so their errors move together: hence many.
    seed : int
        Equal seeds give equal draws.
    alternative : {'two-sided', 'greater', 'lesser'}
        Two-sided: ``min(1, 2 (min(M≥, M≤) + 1) / (R + 1))``; esda's default is half of that, the smaller tail.
    alpha : float
        Level of the false-discovery rate.
    transformation : {'r', 'b', 'o'}
        Rows that sum to 1, binary, or as given.
    threads : int, optional
        Default: as many as the machine has. No result depends on it.

    Returns
    -------
    LocalMoran

    Notes
    -----
    Anselin (1995). O(m + R·K + n log R) where the weights of each row are equal, O(R·m) otherwise.
    """
    table, numbers, labels, undefined, i = _local(
        y, graph, permutations, seed, alternative, alpha, transformation, threads, progress
    )
    return LocalMoran(table, numbers, permutations, labels, undefined, i)


def getis_ord(
    y: Numbers,
    graph: Any,
    *,
    star: bool = True,
    permutations: int = 9999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    transformation: Literal["r", "b", "o"] = "b",
    threads: int | None = None,
    progress: Progress | None = None,
) -> GetisOrd:
    """Local Gi or Gi* of every observation, tested by conditional permutation.

    Parameters
    ----------
    star : bool
        Whether observations count as their own neighbours (Gi*), as heavy as the heaviest link of their row. Links of
        observations to themselves in the graph are refused: this says it.
    y, graph, permutations, seed, alternative, alpha, transformation, threads
        As in :func:`local_moran`.

    Notes
    -----
    Ord and Getis (1995). z does not depend on the scale of a row.
    """
    table, numbers, labels, undefined, _ = _local(
        y, graph, permutations, seed, alternative, alpha, transformation, threads, progress
    )
    return GetisOrd(table, numbers, permutations, labels, undefined, star)


class JoinCounts:
    """How often neighbours share a mark; names as in ``esda.Join_Counts`` and ``esda.Join_Counts_Local``.

    Attributes
    ----------
    bb, bw, ww : float
        Joins of two marked observations, of a marked and an unmarked one, of two unmarked ones.
    J : float
        All joins.
    mean_bb, z_bb, p_bb : float
        Expectation of `bb` where every arrangement of the marks is equally likely, its z, and the probability of at least as many
        by the normal approximation; likewise for ``bw`` and ``ww``. NaN where it cannot vary.
    LJC : ndarray of float
        Marked neighbours of each marked observation, 0 for unmarked ones, NaN where the mark is unknown.
    p_sim : ndarray of float
        Exact probability of at least as many (hypergeometric: no draw); NaN for unmarked observations and islands.
    """

    def __init__(self, totals: Any, local: Any, labels: Any) -> None:
        for name, (count, reference) in zip(("bb", "bw", "ww"), totals):
            mean, _, z, p, _ = reference or (np.nan,) * 5
            for attribute, value in ((name, count), (f"mean_{name}", mean), (f"z_{name}", z), (f"p_{name}", p)):
                setattr(self, attribute, value)
        self.J: float = sum(count for count, _ in totals)
        self.LJC: np.ndarray[Any, Any] = local["count"].to_numpy(zero_copy_only=False).astype(np.float64)
        self.p_sim: np.ndarray[Any, Any] = local["p"].to_numpy(zero_copy_only=False).astype(np.float64)
        self._labels = labels

    bb: float
    bw: float
    ww: float
    mean_bb: float
    mean_bw: float
    mean_ww: float
    z_bb: float
    z_bw: float
    z_ww: float
    p_bb: float
    p_bw: float
    p_ww: float

    def to_frame(self) -> pd.DataFrame:
        """The local counts as a data frame over the labels of the graph."""
        import pandas

        index = None if self._labels is None else pandas.Index(self._labels)
        return pandas.DataFrame({"LJC": self.LJC, "p_sim": self.p_sim}, index=index)

    def __repr__(self) -> str:
        return f"<landuse.JoinCounts: bb = {self.bb}, bw = {self.bw}, ww = {self.ww}>"


def join_counts(y: Any, graph: Any, *, threads: int | None = None) -> JoinCounts:
    """Global and local join counts of marks, by the links of a graph whatever their weights.

    Parameters
    ----------
    y : array or Series of bool, or of 0 and 1
        The mark of each observation, null where unknown.
    graph : libpysal Graph or W, Adjacency, or sparse matrix
    threads : int, optional

    Notes
    -----
    Cliff and Ord (1981) for the moments; Anselin and Li (2019) for the local counts.
    """
    import pyarrow as pa

    rows = rows_of(graph)
    marks = _numbers(y, rows)
    known = ~np.isnan(marks)
    if not np.isin(marks[known], (0, 1)).all():
        wrong = marks[known][~np.isin(marks[known], (0, 1))][0]
        raise DataError(f"`y` holds {wrong}, expected true and false, or 0 and 1", property="y", value=str(wrong))
    flags = pa.array(marks == 1, mask=~known)
    totals, local = _landuse.join_counts(flags, pa.array(rows.offsets), pa.array(rows.neighbors), threads)
    return JoinCounts(totals, local, rows.labels)
