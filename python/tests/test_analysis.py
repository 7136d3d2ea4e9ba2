"""The whole analysis: from frames, tables and files, and what it gives back."""

from __future__ import annotations

import json
import pickle
import warnings

import duckdb
import geopandas as gpd
import landuse
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
import shapely
from conftest import CITY, data
from geopandas.testing import assert_geodataframe_equal


def quietly(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", landuse.LanduseWarning)
        return landuse.analyze(*args, **kwargs)


OPTIONS = {"score": "tax_yuan / area_m2", "permutations": 99}


@pytest.fixture(scope="module")
def from_file():
    return quietly(CITY / "parcels.geojson", **OPTIONS).summary_json


def test_every_way_in_gives_the_same_bytes(city, from_file):
    assert quietly(city, **OPTIONS).summary_json == from_file
    table = pa.table(city.to_arrow(index=False))
    assert quietly(table, **OPTIONS).summary_json == from_file
    native = pa.table(city.to_arrow(index=False, geometry_encoding="geoarrow"))
    assert quietly(native, **OPTIONS).summary_json == from_file
    assert quietly(table.combine_chunks().to_reader(100), **OPTIONS).summary_json == from_file
    frame = polars.from_pandas(pd.DataFrame(city.drop(columns="geometry"))).with_columns(
        polars.Series("geometry", shapely.to_wkb(city.geometry.to_numpy()))
    )
    assert quietly(frame, source_crs="EPSG:4326", **OPTIONS).summary_json == from_file
    assert quietly(json.loads(city.to_json()), **OPTIONS).summary_json == from_file


def test_duckdb_gives_and_takes(city, from_file):
    plain = pd.DataFrame(city.drop(columns="geometry")).assign(geometry=shapely.to_wkb(city.geometry.to_numpy()))
    base = duckdb.connect()
    base.register("parcels", pa.Table.from_pandas(plain, preserve_index=False))
    found = quietly(base.sql("select * from parcels"), source_crs="EPSG:4326", **OPTIONS)
    assert found.summary_json == from_file
    low = pa.table(found.parcels)
    count = base.execute("select count(*) from low where lu_verdict = 'low'").fetchall()
    assert count == [(found.summary["efficiency"]["low_count"],)]
    assert low.num_rows == len(city)


def test_threads_change_nothing(city, from_file):
    for threads in (1, 3):
        assert quietly(city, threads=threads, **OPTIONS).summary_json == from_file


def test_layers_become_frames(city, found):
    parcels = found.parcels.to_geopandas()
    assert_geodataframe_equal(parcels[city.columns], city)
    assert parcels.index.equals(city.index)
    # Land under several records counts once.
    assert parcels.loc[parcels["lu_first"], "lu_area_m2"].sum() == pytest.approx(found.summary["parcels"]["area_m2"], rel=1e-12)
    sites = gpd.GeoDataFrame.from_arrow(found.sites)
    assert len(sites) == found.summary["clusters"]["count"] == len(found.sites)
    assert sites.crs == "OGC:CRS84" and sites.geometry.is_valid.all()
    low = parcels[parcels["lu_site"].notna()]
    assert low.geometry.representative_point().within(sites.geometry.union_all()).all()
    # What lies in no district has a row in the summary and no shape.
    shapes = found.districts.to_geopandas()
    assert set(shapes["id"]) == {unit["id"] for unit in found.summary["districts"] if unit["id"] is not None}
    assert len(found.lines) == len(found.summary["control_lines"])
    ledger = found.ledger.to_pandas()
    land = ledger[["construction_m2", "other_m2", "unknown_m2", "unparcelled_m2"]].sum(axis=1)
    assert np.allclose(land, ledger["land_m2"], rtol=1e-9)
    info = found.parcels.column_info()["lu_area_m2"]
    assert info == {"unit": "m²", "description": "Area in the working plane."}
    assert found.gradient is None
    assert "parcels" in repr(found.parcels) and "<table>" in found.parcels._repr_html_()


def test_areas_are_those_of_geopandas(lattice, city):
    own = quietly(lattice, crs="EPSG:4547").parcels.to_geopandas()["lu_area_m2"]
    assert np.abs(own - lattice.area).max() < 1e-6
    plane = city.to_crs("EPSG:4547")
    own = quietly(plane, crs="EPSG:4547").parcels.to_geopandas()["lu_area_m2"]
    valid = plane.is_valid
    assert valid.sum() >= len(plane) - 1 and (np.abs(own / plane.area - 1) < 1e-9)[valid].all()


def test_changed_options_take_over_what_is_the_same(city, found):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", landuse.LanduseWarning)
        wider = found.with_(gap_m=30)
        assert wider.summary["adjacency"]["links"] > found.summary["adjacency"]["links"]
        assert found.with_(gap_m=15).summary_json == found.summary_json
        again = landuse.analyze(
            city,
            control_lines=CITY / "control_lines.geojson",
            districts=CITY / "districts.geojson",
            score="tax_yuan / area_m2",
            permutations=999,
            gap_m=30,
        )
        assert again.summary_json == wider.summary_json
        # A column that was not kept: the data are read again.
        assert found.with_(score="jobs / area_m2", owner="owner").summary["efficiency"]["score"] == "jobs / area_m2"


def test_the_map_and_the_page(found):
    picture = found.map("A city")
    assert picture._repr_png_().startswith(b"\x89PNG")
    page = found.report()
    assert page.html.startswith("<!DOCTYPE html>") and "Land report" in page.html
    assert "<html lang=\"zh" in found.report("zh").html
    assert str(found) == found.text("en") != found.text("zh")
    with pytest.raises(landuse.OptionError):
        found.report("fr")


def test_options_are_those_of_files(city):
    options = landuse.Options(**OPTIONS, gap_m=20, warning_line=(0.3, "plan 2035"), low={"worst_share": 0.1})
    assert landuse.Options.from_toml(options.to_toml()) == options
    assert pickle.loads(pickle.dumps(options)) == options
    assert options["warning_line"] == {"share": 0.3, "source": "plan 2035"}
    assert options.with_(gap_m=15).with_(gap_m=20) == options
    assert "gap_m" in repr(options) and repr(landuse.Options()) == "Options()"
    assert quietly(city, options=options).summary["adjacency"]["gap_m"] == 20
    assert quietly(city, options=options, gap_m=np.float64(10)).summary["adjacency"]["gap_m"] == 10
    with pytest.raises(landuse.OptionError, match="did you mean `gap_m`"):
        landuse.Options(gap_mm=3)
    with pytest.raises(landuse.OptionError, match="gap_m") as error:
        landuse.Options(gap_m=-1)
    assert (error.value.property, error.value.value) == ("gap_m", "-1")
    with pytest.raises(landuse.OptionError, match="unknown field `gap`"):
        landuse.Options(sites={"gap": 3})


def test_rust_and_python_agree_on_cambridge(tmp_path):
    """The summary of the command, where it is built, byte for byte."""
    import os
    import subprocess

    command = os.environ.get("LANDUSE_COMMAND")
    if command is None:
        pytest.skip("no command (set LANDUSE_COMMAND)")
    parcels = data("cambridge-ma/parcels_fy2014.geojson")
    subprocess.run(
        [command, "analyze", parcels, "--out", tmp_path / "out", "--no-map", "--permutations", "99", "--score", "far"],
        check=True,
        capture_output=True,
    )
    of_command = (tmp_path / "out" / "summary.json").read_text()
    assert quietly(parcels, score="far", permutations=99).summary_json == of_command


def test_a_real_city_without_a_frame():
    """What pyogrio reads into Arrow, broken boundaries and all, gives the bytes of the file."""
    import pyogrio

    parcels = data("cambridge-ma/parcels_fy2014.geojson")
    meta, table = pyogrio.read_arrow(parcels)
    of_arrow = quietly(table, source_crs=meta["crs"], score="far", permutations=9)
    of_file = quietly(parcels, score="far", permutations=9)
    assert of_arrow.summary_json == of_file.summary_json
    assert of_arrow.rejected == of_file.rejected and len(of_file.rejected) == 1


def test_examples_of_geoarrow():
    """Files that others wrote: well-known binary and both native layouts hold the same features."""
    for name in ("polygon", "multipolygon", "polygon-z", "multipolygon-z"):
        made = []
        for layout in ("", "_interleaved", "_wkb"):
            with pa.OSFile(str(data(f"formats/geoarrow/example_{name}{layout}.arrows"))) as file:
                table = pa.ipc.open_stream(file).read_all()
            found = quietly(table, source_crs="local")
            rejected = [(row.row, row.reason) for row in found.rejected]
            made.append((found.summary["parcels"], rejected, found.parcels["lu_area_m2"].to_pylist()))
        assert made[0] == made[1] == made[2], name
