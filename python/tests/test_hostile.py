"""What frames hold in the wild: each is taken, warned of, or refused in words."""

from __future__ import annotations

import warnings

import geopandas as gpd
import landuse
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely


def squares(n: int, **columns) -> gpd.GeoDataFrame:
    shapes = [shapely.box(500_000 + 100 * i, 2_500_000, 500_090 + 100 * i, 2_500_090) for i in range(n)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4547")


def told(*args, **kwargs):
    """An analysis and the kinds of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = landuse.analyze(*args, permutations=9, **kwargs)
    return found, {warning.message.kind: warning.message for warning in caught}


def test_points_are_refused():
    frame = squares(4).set_geometry(squares(4).centroid)
    with pytest.raises(landuse.DataError, match="the geometry is a Point, expected a Polygon") as error:
        landuse.analyze(frame)
    assert error.value.file == "parcels"


def test_one_point_among_polygons_is_put_aside():
    frame = squares(4, id=["a", "b", "c", "d"])
    frame.index = list("wxyz")
    frame.loc["y", "geometry"] = shapely.Point(500_000, 2_500_000)
    found, kinds = told(frame)
    assert isinstance(kinds["features_rejected"], landuse.DataWarning) and kinds["features_rejected"].figure == 1
    [rejected] = found.rejected
    assert (rejected.row, rejected.id, rejected.label) == (2, "c", "y") and "Point" in rejected.reason
    assert list(found.parcels.to_geopandas().index) == ["w", "x", "z"]
    options = landuse.Options(input={"on_bad_feature": "stop"})
    with pytest.raises(landuse.DataError) as error:
        landuse.analyze(frame, options=options)
    assert (error.value.row, error.value.id, error.value.label) == (2, "c", "y")


def test_layers_of_other_systems_are_moved():
    frame = squares(4, id=list("abcd"))
    line = gpd.GeoDataFrame({"id": ["L"], "effect": ["exclude"]}, geometry=[frame.union_all().envelope], crs=frame.crs)
    same, _ = told(frame, control_lines=line)
    mixed, _ = told(frame, control_lines=line.to_crs("EPSG:4490"))
    assert mixed.summary["control_lines"][0]["parcels_inside"] == 4
    inside = same.summary["intensity"]["control_m2"]
    assert mixed.summary["intensity"]["control_m2"] == pytest.approx(inside, rel=1e-6)


def test_a_frame_without_a_system_is_asked():
    frame = squares(4).set_crs(None, allow_override=True)
    with pytest.raises(landuse.CrsError, match="states no coordinate system") as error:
        landuse.analyze(frame)
    assert error.value.file == "parcels"
    found, _ = told(frame, source_crs="local")
    assert found.summary["parcels"]["area_m2"] == 4 * 90 * 90
    with pytest.raises(landuse.CrsError, match="states no coordinate system"):
        landuse.adjacency(frame)
    table = pa.table({"geometry": shapely.to_wkb(frame.geometry.to_numpy())})
    with pytest.raises(landuse.CrsError, match="the table states no coordinate system"):
        landuse.analyze(table)


def test_systems_of_ones_own():
    own = "+proj=tmerc +lat_0=0 +lon_0=113.5 +k=1 +x_0=600000 +y_0=0 +ellps=GRS80 +units=m +no_defs"
    frame = squares(4).to_crs(own)
    found, _ = told(frame)
    assert found.summary["parcels"]["area_m2"] == pytest.approx(4 * 90 * 90, rel=1e-3)
    odd = squares(4).set_crs("+proj=igh +ellps=WGS84", allow_override=True)
    with pytest.raises(landuse.CrsError, match="not understood"):
        landuse.analyze(odd)
    degrees = squares(4).set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(landuse.CrsError):
        landuse.analyze(degrees)


def test_missing_and_empty_geometries():
    frame = squares(5)
    frame.loc[1, "geometry"] = None
    frame.loc[3, "geometry"] = shapely.Polygon()
    found, kinds = told(frame)
    assert kinds["features_rejected"].figure == 2
    assert ["null" in found.rejected[0].reason, "empty" in found.rejected[1].reason] == [True, True]
    alone = landuse.adjacency
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        links = alone(frame, gap_m=20)
    assert links.n == 5 and len(links) == 0 and links.to_graph().isolates.size == 5


def test_labels_that_repeat():
    frame = squares(4, id=list("abcd"))
    frame.index = [7, 7, 8, 8]
    found, _ = told(frame)
    assert list(found.parcels.to_geopandas().index) == [7, 7, 8, 8]
    links = landuse.adjacency(frame, gap_m=20)
    assert links.to_sparse().nnz == 6
    with pytest.raises(landuse.DataError, match="labels that repeat"):
        links.to_graph()


def test_columns_of_every_type():
    frame = squares(
        6,
        id=pd.array([1, 2, None, 4, 5, 6], dtype="Int64"),
        use=pd.Categorical(["工业", "住宅", None, "工业", "住宅", "工业"]),
        tax_yuan=pd.array([1.5, None, 3, 4, 5, 6], dtype="Float64"),
        built=pd.to_datetime(["1990-01-01"] * 5 + [None]),
        flag=pd.array([True, None, False, True, True, False], dtype="boolean"),
        mixed=[1, "two", None, 3.5, True, {"a": 1}],
        parts=[[1], [2, 3], None, [], [4], [5]],
    )
    frame["small"] = np.arange(6, dtype=np.uint8)
    frame["other"] = frame.geometry.centroid
    found, kinds = told(frame, score="tax_yuan / area_m2", candidates="use == '工业'", low={"worse_than": 4e-4}, owner="use")
    assert found.summary["efficiency"]["candidates"] == 3
    assert (found.summary["efficiency"]["known"], found.summary["efficiency"]["low_count"]) == (3, 1)
    assert frame.columns.equals(found.parcels.to_geopandas()[frame.columns].columns)
    table = found.parcels.to_pyarrow()
    assert table["id"].to_pylist() == ["1", "2", None, "4", "5", "6"]
    twice = pd.concat([frame, frame[["tax_yuan"]]], axis=1)
    with pytest.raises(landuse.DataError, match="`tax_yuan` stands twice") as error:
        landuse.analyze(gpd.GeoDataFrame(twice, geometry="geometry", crs=frame.crs))
    assert error.value.property == "tax_yuan"


def test_nothing_and_no_layer():
    with pytest.raises(landuse.DataError, match="holds no feature"):
        landuse.analyze(squares(4)[:0])
    with pytest.raises(TypeError, match="expected a GeoDataFrame"):
        landuse.analyze(7)
    with pytest.raises(landuse.DataError, match="no column is one of geometries"):
        landuse.analyze(pd.DataFrame({"tax": [1.0]}), source_crs="local")
    with pytest.raises(landuse.DataError, match="no active geometry"):
        landuse.analyze(gpd.GeoDataFrame({"tax": [1.0]}))
    with pytest.raises(landuse.FileError, match="no/such.geojson") as error:
        landuse.analyze("no/such.geojson")
    assert isinstance(error.value, OSError) and error.value.file == "no/such.geojson"
    for threads in (0, -1, 5_000):
        with pytest.raises(landuse.OptionError, match="threads"):
            landuse.analyze(squares(4), threads=threads)
    with pytest.raises(landuse.OptionError, match="not finite"):
        landuse.analyze(squares(4), gap_m=float("nan"))
    assert len(told(pd.DataFrame(squares(4)))[0].parcels) == 4


def test_invalid_shapes_are_mended():
    frame = squares(3)
    bow = shapely.Polygon([(500_000, 2_500_000), (500_090, 2_500_090), (500_090, 2_500_000), (500_000, 2_500_090)])
    frame.loc[0, "geometry"] = bow
    found, kinds = told(frame)
    assert kinds["boundaries_repaired"].figure == 1 and len(found.parcels) == 3


def geoarrow(rings: pa.Array) -> pa.Table:
    field = pa.field(
        "geometry",
        pa.list_(rings.type),
        metadata={"ARROW:extension:name": "geoarrow.polygon", "ARROW:extension:metadata": '{"crs":"EPSG:4547"}'},
    )
    polygons = pa.ListArray.from_arrays(pa.array(np.arange(len(rings) + 1), pa.int32()), rings)
    return pa.Table.from_arrays([polygons], schema=pa.schema([field]))


def test_offsets_that_lie_and_offsets_without_end():
    xy = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(2_000_000)), 2)
    beyond = pa.Array.from_buffers(
        pa.list_(xy.type), 2, [None, pa.py_buffer(np.array([0, 2_000_000_000, 5], np.int32))], children=[xy]
    )
    with pytest.raises(landuse.DataError, match="(?i)offset"):
        landuse.analyze(geoarrow(beyond))
    # A million coordinates, shared 2,200 times.
    ring = pa.ListArray.from_arrays(pa.array([0, 1_000_000], pa.int32()), xy)
    table = pa.concat_tables([geoarrow(ring)] * 2_200)
    with pytest.raises(landuse.LimitError, match="too many coordinates: 2200000000, at most 2147483647"):
        landuse.analyze(table)
    lying = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    lying = lying[:9] + (1_000_000_000).to_bytes(4, "little") + lying[13:]
    frame = pa.table({"geometry": [lying] + list(shapely.to_wkb(squares(3).geometry.to_numpy()))})
    found, kinds = told(frame, source_crs="EPSG:4547")
    assert "1000000000 positions" in found.rejected[0].reason
