"""Speed against esda, libpysal and GeoPandas on one machine, in CPU seconds of all threads; results stand in ``BENCHMARKS.md``.

    landuse generate --parcels 100000 --seed 1 --out city && python python/benches/peers.py city
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import esda
import geopandas as gpd
import numpy as np
from libpysal.graph import Graph
from scipy.sparse.csgraph import connected_components

import landuse
from landuse._frames import take

warnings.simplefilter("ignore")


def seconds(name: str, work: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Least CPU seconds of several runs, and what the last one gave."""
    least, found = np.inf, None
    for _ in range(repeat):
        begun, wall = time.process_time(), time.perf_counter()
        found = work()
        spent, wall = time.process_time() - begun, time.perf_counter() - wall
        least = min(least, spent)
        print(f"    {name}: {spent:.3f} CPU s, {wall:.3f} s", flush=True)
    return least, found


def chain(plane: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> int:
    """What a script of GeoPandas, libpysal and esda does: score, worst fifth, neighbours, sites, local Moran, overlaps, shares."""
    frame = plane[["id", "tax_yuan", "geometry"]].copy()
    frame["geometry"] = frame.geometry.make_valid()
    frame = frame[frame.geom_type.isin(["Polygon", "MultiPolygon"])].reset_index(drop=True)
    frame["area_m2"] = frame.area
    frame["score"] = frame["tax_yuan"] / frame["area_m2"]
    known = frame["score"].notna()
    low = known & (frame["score"] < frame.loc[known, "score"].quantile(0.2))
    pairs = frame.sindex.query(frame.geometry, predicate="dwithin", distance=15)
    pairs = pairs[:, pairs[0] != pairs[1]]
    graph = Graph.from_arrays(*pairs, np.ones(pairs.shape[1]))
    of_known = graph.subgraph(np.flatnonzero(known.to_numpy()))
    esda.Moran_Local(frame["score"].to_numpy()[known], of_known, permutations=999, n_jobs=1)
    esda.G_Local(frame["score"].to_numpy()[known], of_known, star=True, permutations=999, n_jobs=1)
    both = low.to_numpy()[pairs].all(axis=0)
    from scipy.sparse import coo_array

    links = coo_array((np.ones(both.sum()), pairs[:, both]), shape=(len(frame), len(frame)))
    frame["site"] = connected_components(links.tocsr(), directed=False)[1]
    sites = frame[low].dissolve("site")
    inside = gpd.overlay(frame[["area_m2", "geometry"]], lines[["geometry"]], keep_geom_type=True)
    inside["inside_m2"] = inside.area
    pieces = gpd.overlay(frame[["area_m2", "geometry"]], districts[["id", "geometry"]], keep_geom_type=True)
    pieces["piece_m2"] = pieces.area
    pieces.groupby("id")["piece_m2"].sum()
    return len(sites)


def main(folder: Path) -> None:
    parcels = gpd.read_file(folder / "parcels.geojson", on_invalid="ignore")
    parcels = parcels[parcels.geometry.notna()].drop_duplicates("id").reset_index(drop=True)
    lines, districts = (gpd.read_file(folder / f"{name}.geojson") for name in ("control_lines", "districts"))
    utm = parcels.estimate_utm_crs()
    plane = parcels.to_crs(utm)
    print(f"{len(parcels)} parcels, {parcels.count_coordinates().sum()} coordinates")
    options = {"score": "tax_yuan / area_m2", "control_lines": lines, "districts": districts}

    print("neighbours within 15 m")
    ours, links = seconds("landuse", lambda: landuse.adjacency(plane, gap_m=15, crs=f"EPSG:{utm.to_epsg()}"), 3)
    graph_s, graph = seconds("landuse to Graph", links.to_graph)
    theirs, pairs = seconds(
        "GeoPandas dwithin", lambda: plane.sindex.query(plane.geometry, predicate="dwithin", distance=15)
    )
    fuzzy, _ = seconds("libpysal fuzzy contiguity", lambda: Graph.build_fuzzy_contiguity(plane, buffer=7.5))
    found = (pairs[0] < pairs[1]).sum()
    print(f"  links {len(links)} and {found}; GeoPandas {theirs / ours:.1f} times, libpysal {fuzzy / ours:.1f} times; as Graph {graph_s:.2f} s")

    print("local statistics, 999 permutations")
    random = np.random.default_rng(1)
    y = plane.area.to_numpy() + random.normal(0, 10, len(plane))
    ours, moran = seconds("landuse local_moran", lambda: landuse.local_moran(y, graph, permutations=999), 3)
    theirs, of_esda = seconds("esda Moran_Local", lambda: esda.Moran_Local(y, graph, permutations=999, n_jobs=1))
    same = np.abs(moran.Is - of_esda.Is)[~np.isnan(of_esda.Is) & ~np.isnan(moran.Is)].max()
    print(f"  esda {theirs / ours:.0f} times; greatest difference of I_i {same:.1e}")
    ours, hot = seconds("landuse getis_ord", lambda: landuse.getis_ord(y, graph, permutations=999), 3)
    theirs, of_esda = seconds(
        "esda G_Local", lambda: esda.G_Local(y, graph, transform="B", star=True, permutations=999, n_jobs=1)
    )
    same = np.nanmax(np.abs(hot.Zs - of_esda.Zs))
    print(f"  esda {theirs / ours:.0f} times; greatest difference of z {same:.1e}")

    print("the whole")
    ours, found = seconds("landuse analyze", lambda: landuse.analyze(parcels, **options), 3)
    into, _ = seconds("into Arrow", lambda: take(parcels, "parcels"), 3)
    out, _ = seconds("parcels out", lambda: found._found.layer("parcels", False), 3)
    frames, _ = seconds("parcels as a GeoDataFrame", lambda: found.parcels.to_geopandas())
    print(f"  border {100 * (into + out) / (ours + out):.0f} % of analyze and out; as a GeoDataFrame {frames:.2f} s")
    theirs, _ = seconds("the chain", lambda: chain(plane, lines.to_crs(utm), districts.to_crs(utm)))
    print(f"  the chain {theirs / ours:.1f} times")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
