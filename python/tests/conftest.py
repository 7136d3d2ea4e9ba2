"""Data of the tests: the city of the repository, lattices, and Cambridge where it is at hand."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[2]
CITY = ROOT / "data" / "city"


@pytest.fixture(scope="session")
def city() -> gpd.GeoDataFrame:
    """Parcels of the generated city, with an index of their own."""
    frame = gpd.read_file(CITY / "parcels.geojson")
    frame.index = [f"p{i:05}" for i in range(len(frame))]
    return frame


@pytest.fixture(scope="session")
def lines() -> gpd.GeoDataFrame:
    return gpd.read_file(CITY / "control_lines.geojson")


@pytest.fixture(scope="session")
def districts() -> gpd.GeoDataFrame:
    return gpd.read_file(CITY / "districts.geojson")


@pytest.fixture(scope="session")
def found(city, lines, districts):
    """The city analysed."""
    import landuse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", landuse.LanduseWarning)
        return landuse.analyze(
            city, control_lines=lines, districts=districts, score="tax_yuan / area_m2", permutations=999
        )


@pytest.fixture(scope="session")
def lattice() -> gpd.GeoDataFrame:
    """20 × 20 squares of 100 m with a trend and noise, in metres of no known place but one of China."""
    at = [(i % 20, i // 20) for i in range(400)]
    random = np.random.default_rng(7)
    shapes = [shapely.box(500_000 + 100 * x, 2_500_000 + 100 * y, 500_100 + 100 * x, 2_500_100 + 100 * y) for x, y in at]
    values = [x + y + random.normal(0, 6) for x, y in at]
    return gpd.GeoDataFrame({"value": values}, geometry=shapes, crs="EPSG:4547", index=[f"s{i}" for i in range(400)])


def data(relative: str) -> Path:
    """A path in the folder of real data; the test is skipped where it is absent."""
    path = Path(os.environ.get("LANDUSE_DATA", ROOT.parent / "shared" / "data")) / relative
    if not path.exists():
        pytest.skip(f"no {relative} in the data folder (set LANDUSE_DATA)")
    return path
