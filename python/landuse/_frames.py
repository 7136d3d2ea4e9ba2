"""Data frames, tables of Arrow and files as layers."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _landuse
from ._errors import CrsError, DataError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


class Taken(NamedTuple):
    """A layer that was taken, and the data frame it came from."""

    layer: _landuse.Layer
    frame: gpd.GeoDataFrame | None


def _kind(data: Any) -> str | None:
    """Which of geopandas' classes an object is."""
    for base in type(data).__mro__:
        if base.__module__.split(".")[0] == "geopandas" and base.__name__ in ("GeoDataFrame", "GeoSeries"):
            return base.__name__
    return None


def _is_path(data: Any) -> bool:
    return isinstance(data, (str, os.PathLike))


def _of_path(data: Any) -> _landuse.Layer:
    path = os.fspath(data)
    if "#" in path and not os.path.exists(path):
        path, layer = path.rsplit("#", 1)
        return _landuse.Layer.path(path, layer)
    return _landuse.Layer.path(path)


def crs_text(crs: Any) -> str | None:
    """A coordinate system of pyproj in a form that is understood, if there is one."""
    identity = crs.to_json_dict().get("id") or {}
    forms = (
        lambda: f"{identity['authority']}:{identity['code']}",
        lambda: crs.to_wkt("WKT1_GDAL"),
        lambda: crs.to_wkt("WKT1_ESRI"),
        lambda: crs.to_proj4(),
    )
    for form in forms:
        try:
            text = form()
        except Exception:  # pyproj cannot say every system in every form
            continue
        if text and _landuse.understands_crs(text):
            return text
    return None


def _arrow_of(frame: gpd.GeoDataFrame) -> Any:
    """A frame as a table of Arrow; columns of objects of several kinds become texts."""
    import pyarrow as pa

    try:
        return frame.to_arrow(index=False, geometry_encoding="WKB")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        frame = frame.copy(deep=False)
        for name, dtype in list(frame.dtypes.items()):
            if dtype == object:
                frame[name] = frame[name].map(_text, na_action="ignore")
    return frame.to_arrow(index=False, geometry_encoding="WKB")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)


def _of_frame(frame: gpd.GeoDataFrame, role: str, declared: str | None, properties: bool) -> _landuse.Layer:
    active = frame.active_geometry_name
    if active is None:
        raise DataError(f"{role}: the frame has no active geometry, expected one (`set_geometry`)", file=role)
    twice = sorted({str(name) for name in frame.columns[frame.columns.astype(str).duplicated()]})
    if twice and properties:
        raise DataError(f"{role}: the column `{twice[0]}` stands twice in the frame", file=role, property=twice[0])
    crs = None if frame.crs is None else crs_text(frame.crs)
    if crs is None and declared is None:
        if frame.crs is None:
            raise CrsError(
                f"{role}: the frame states no coordinate system; set it (`frame.set_crs(...)`), or give `source_crs`, "
                "which may be `local` for metres of no known place",
                file=role,
            )
        raise CrsError(
            f"{role}: the coordinate system `{frame.crs.name}` of the frame is not understood; "
            "`frame.to_crs(...)` moves it into another",
            file=role,
            value=str(frame.crs.name),
        )
    if properties:
        others = [name for name, dtype in frame.dtypes.items() if str(dtype) == "geometry" and name != active]
        frame = frame.drop(columns=others) if others else frame
    else:
        frame = frame[[active]]
    if not all(isinstance(name, str) for name in frame.columns):
        frame = frame.rename(columns=str)
    return _landuse.Layer.arrow(_arrow_of(frame), role, str(active), crs)


def take(data: Any, role: str, declared: str | None = None, properties: bool = True) -> Taken:
    """A layer from whatever holds features."""
    if _is_path(data):
        return Taken(_of_path(data), None)
    kind = _kind(data)
    if kind == "GeoSeries":
        data = data.to_frame("geometry" if data.name is None else data.name)
        data = data.set_geometry(data.columns[0])
    if kind is not None:
        return Taken(_of_frame(data, role, declared, properties), data)
    if hasattr(data, "dtypes") and any(str(dtype) == "geometry" for dtype in data.dtypes):
        import geopandas

        # A plain data frame, as `pandas.concat` and joins give them.
        active = next(name for name, dtype in data.dtypes.items() if str(dtype) == "geometry")
        data = geopandas.GeoDataFrame(data, geometry=active)
        return Taken(_of_frame(data, role, declared, properties), data)
    if hasattr(data, "__arrow_c_stream__"):
        layer = _landuse.Layer.arrow(data, role)
        if layer.crs is None and declared is None:
            raise CrsError(
                f"{role}: the table states no coordinate system; give `source_crs`, which may be `local` for metres of no "
                "known place",
                file=role,
            )
        return Taken(layer, None)
    if hasattr(data, "__geo_interface__"):
        data = data.__geo_interface__
    if isinstance(data, dict) and "type" in data:
        return Taken(_landuse.Layer.text(role, json.dumps(data, default=str)), None)
    found = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(
        f"{role}: found {found}, expected a GeoDataFrame, a table with `__arrow_c_stream__`, GeoJSON or a path"
    )


def take_table(data: Any, role: str) -> _landuse.Layer:
    """A table without geometries."""
    if _is_path(data):
        return _of_path(data)
    if hasattr(data, "to_csv"):
        frame: pd.DataFrame = data
        return _landuse.Layer.text(role, frame.to_csv(index=False))
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow as pa
        import pyarrow.csv

        out = io.BytesIO()
        pyarrow.csv.write_csv(pa.table(data), out)
        return _landuse.Layer.text(role, out.getvalue().decode())
    found = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(f"{role}: found {found}, expected a DataFrame, a table with `__arrow_c_stream__` or a path")


def several(data: Any) -> Sequence[Any]:
    """One layer, or several in a list."""
    if data is None:
        return ()
    return data if isinstance(data, (list, tuple)) else (data,)
