"""Single stages against esda, libpysal, spopt, scikit-learn's definition and shapely."""

from __future__ import annotations

import warnings

import esda
import geopandas as gpd
import landuse
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from spopt.region import MaxPHeuristic


@pytest.fixture(scope="module")
def columbus() -> gpd.GeoDataFrame:
    frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    return frame.set_crs(None, allow_override=True)


@pytest.fixture(scope="module")
def sids() -> gpd.GeoDataFrame:
    frame = gpd.read_file(libpysal.examples.get_path("sids2.shp"))
    return frame.set_crs("EPSG:4267", allow_override=True)


def same(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-10) -> None:
    assert np.allclose(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("name", ["columbus", "sids", "lattice"])
def test_local_statistics_are_those_of_esda(request, name):
    # esda sorts some of its results by label.
    frame = request.getfixturevalue(name).reset_index(drop=True)
    column = {"columbus": "CRIME", "sids": "SIDR79", "lattice": "value"}[name]
    y = frame[column]
    graph = Graph.build_contiguity(frame, rook=False)
    ours = landuse.local_moran(y, graph, permutations=9999, seed=1)
    theirs = esda.Moran_Local(y, graph, permutations=9999, seed=1)
    same(ours.Is, theirs.Is)
    same(ours.q, theirs.q)
    assert ours.I == pytest.approx(esda.Moran(y, graph, permutations=0).I, rel=1e-12)
    # esda's p is the smaller tail, ours both; each has the error of its draws.
    draws = np.sqrt(0.25 / 9999)
    assert np.abs(np.minimum(2 * theirs.p_sim, 1) - ours.p_sim).max() < 12 * draws
    one_sided = landuse.local_moran(y, graph, permutations=9999, seed=1, alternative="greater").p_sim
    assert np.abs(np.minimum(one_sided, 1 - one_sided + 1e-4) - theirs.p_sim).max() < 6 * draws
    for star in (False, True):
        hot = landuse.getis_ord(y, graph, star=star, permutations=99)
        theirs = esda.G_Local(y, graph, transform="B", star=star, permutations=0)
        same(hot.Zs, theirs.Zs, 1e-9)
    marks = (y > y.median()).astype(int)
    joins = landuse.join_counts(marks, graph)
    theirs = esda.Join_Counts(marks, graph.transform("B"), permutations=0)
    assert (joins.bb, joins.ww, joins.bw, joins.J) == (theirs.bb, theirs.ww, theirs.bw, theirs.J)
    local = esda.Join_Counts_Local(connectivity=graph.transform("B"), permutations=0).fit(marks)
    same(joins.LJC, np.asarray(local.LJC, dtype=float))
    assert list(ours.to_frame().index) == list(graph.unique_ids)
    assert set(ours.get_cluster_labels()) <= {"Insignificant", "High-High", "Low-Low", "High-Low", "Low-High"}


def test_weights_of_every_kind(columbus):
    y = columbus["CRIME"]
    graph = Graph.build_contiguity(columbus, rook=False)
    of_graph = landuse.local_moran(y, graph, permutations=99)
    for other in (graph.transform("r"), graph.sparse, graph.to_W()):
        same(landuse.local_moran(y.to_numpy(), other, permutations=99).Is, of_graph.Is)
    weighted = Graph.build_knn(columbus.set_geometry(columbus.centroid), k=4).assign_self_weight(0)
    distances = Graph.build_kernel(columbus.set_geometry(columbus.centroid), k=6)
    ours = landuse.local_moran(y, distances, permutations=0)
    same(ours.Is, esda.Moran_Local(y, distances, permutations=0).Is, 1e-9)
    assert np.isfinite(landuse.getis_ord(y, weighted, permutations=9).Zs).all()
    # A series is put into the order of the graph by its labels.
    shuffled = y.sample(frac=1, random_state=1)
    same(landuse.local_moran(shuffled, graph, permutations=99).p_sim, of_graph.p_sim)
    # Unknown values are left out with their links.
    some = y.astype("Float64")
    some.iloc[3] = pd.NA
    without = landuse.local_moran(some, graph, permutations=9)
    assert np.isnan(without.Is[3]) and np.isfinite(without.Is[:3]).all()
    assert landuse.local_moran(y * 0, graph, permutations=9).undefined == "all known values are equal"
    with pytest.raises(landuse.DataError, match="itself"):
        landuse.local_moran(y, graph.assign_self_weight(1), permutations=9, transformation="o")
    with pytest.raises(landuse.DataError, match="49 observations"):
        landuse.local_moran(y[:9].to_numpy(), graph)
    with pytest.raises(landuse.DataError, match="no number"):
        landuse.local_moran(["many"] * 49, graph)
    with pytest.raises(landuse.DataError, match="other labels"):
        landuse.local_moran(y.rename(lambda i: f"x{i}"), graph)
    with pytest.raises(TypeError, match="expected a libpysal Graph"):
        landuse.local_moran(y, "rook")
    with pytest.raises(landuse.DataError, match="holds 2"):
        landuse.join_counts([2] * 49, graph)


def test_neighbours_are_those_of_libpysal(lattice, columbus):
    for rule, rook in (("corner", False), ("edge", True), ("queen", False)):
        ours = landuse.adjacency(lattice, rule=rule, crs="EPSG:4547")
        theirs = Graph.build_contiguity(lattice, rook=rook)
        pd.testing.assert_series_equal(
            ours.to_graph().adjacency.sort_index(), theirs.adjacency.astype(float).sort_index(), check_dtype=False
        )
    queen = landuse.adjacency(columbus, rule="corner", source_crs="local")
    theirs = Graph.build_fuzzy_contiguity(columbus, tolerance=1e-3, predicate="intersects")
    assert set(queen.to_graph().adjacency.index) == set(theirs.adjacency.index)
    assert queen.components().max() == 0


def test_gaps_are_distances(city):
    plane = city.to_crs("EPSG:4547")
    ours = landuse.adjacency(plane, gap_m=15, crs="EPSG:4547")
    a, b = plane.geometry.iloc[ours.focal], plane.geometry.iloc[ours.neighbor]
    assert np.abs(shapely.distance(a.to_numpy(), b.to_numpy()) - ours.gap_m).max() < 2e-3
    pairs = plane.sindex.query(plane.geometry, predicate="dwithin", distance=15)
    pairs = {(i, j) for i, j in zip(*pairs) if i < j}
    found = {(min(i, j), max(i, j)) for i, j in zip(ours.focal, ours.neighbor)}
    assert pairs == found
    graph = ours.to_graph("gap_m")
    assert graph.n == len(city) == ours.n and set(graph.unique_ids) == set(city.index)
    sparse = ours.to_sparse("shared_m")
    assert sparse.shape == (len(city), len(city)) and abs(sparse - sparse.T).max() == 0
    assert set(ours.contact) <= {"overlap", "edge", "corner", "gap"}


def test_density_clusters(city):
    plane = city.to_crs("EPSG:4547")
    ours = landuse.gap_dbscan(plane, eps_m=10, min_weight=0, crs="EPSG:4547")
    apart = landuse.adjacency(plane, gap_m=10, crs="EPSG:4547")
    # Without a least weight clusters are the components.
    assert ours.n_clusters == apart.components().max() + 1
    assert len(set(zip(ours.labels_, apart.components()))) == ours.n_clusters
    dense = landuse.gap_dbscan(plane, eps_m=10, min_weight=30_000, crs="EPSG:4547")
    around = apart.to_sparse() @ plane.area.to_numpy() + plane.area.to_numpy()
    assert (dense.core_mask_ == (around >= 30_000)).all()
    assert (dense.labels_[dense.core_mask_] >= 0).all()
    some = np.arange(len(plane)) % 2 == 0
    assert (landuse.gap_dbscan(plane, eps_m=10, min_weight=0, among=some).labels_[~some] == -1).all()
    with pytest.raises(landuse.OptionError, match="expected one for each"):
        landuse.gap_dbscan(plane, eps_m=10, min_weight=0, weights=[1.0])


def test_regions_are_as_many_as_those_of_spopt(columbus):
    graph = Graph.build_contiguity(columbus, rook=True)
    ours = landuse.max_p(graph, columbus["HOVAL"], min_weight=300, seed=1)
    for region in range(ours.p):
        members = columbus.index[ours.labels_ == region]
        assert columbus["HOVAL"].loc[members].sum() >= 300
        assert graph.subgraph(members).n_components == 1
    np.random.seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MaxPHeuristic(columbus, graph.to_W(), ["INC"], "HOVAL", 300, 2)
        theirs.solve()
    assert ours.p >= theirs.p
    alike = landuse.max_p(graph, columbus["HOVAL"], min_weight=300, values=columbus["INC"], seed=1)
    assert alike.heterogeneity is not None and alike.p <= ours.p
    assert (landuse.max_p(graph, columbus["HOVAL"], min_weight=300, seed=1).labels_ == ours.labels_).all()


def test_overlap_is_that_of_shapely(city, lines):
    plane, drawn = city[city.is_valid].to_crs("EPSG:4547"), lines.to_crs("EPSG:4547")
    ours = landuse.overlap(plane, drawn, crs="EPSG:4547")
    pairs = ours.to_pandas()
    ids = drawn.set_index("id").geometry
    shared = [plane.geometry.loc[label].intersection(ids[row.line]).area for label, row in pairs.iterrows()]
    assert np.abs(np.array(shared) - pairs["overlap_m2"]).max() < 1e-4
    excluding = drawn[drawn["effect"] == "exclude"] if "effect" in drawn else drawn
    inside = plane.intersection(excluding.geometry.union_all()).area.to_numpy()
    assert np.abs(inside - ours.excluded_m2).max() < 1e-3
    assert set(ours.relation) <= {"outside", "partial", "inside"}
    with pytest.raises(landuse.LanduseError):
        landuse.overlap(plane, gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4547"))


def test_the_ledger_alone(city, lines, districts, found):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", landuse.LanduseWarning)
        alone = landuse.ledger(city, control_lines=lines, districts=districts, score="tax_yuan / area_m2")
    pd.testing.assert_frame_equal(alone.to_pandas(), found.ledger.to_pandas())
