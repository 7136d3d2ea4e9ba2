"""The way in: layers and options to an analysis, and its results."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _landuse
from ._errors import LanduseError
from ._frames import several, take, take_table
from ._options import Options
from ._warnings import DataWarning, ResultWarning, tell

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    from typing_extensions import Unpack

    from ._options import OptionFields

Progress = Callable[[str, float], object]

_LAYERS = ("control_lines", "districts", "unsuitable", "barriers", "lanes", "buildings")
_TABLES = ("firms", "field_checks")


class Rejected(NamedTuple):
    """A feature of the parcels that cannot be used."""

    row: int
    """Position in the data, from 0."""
    id: str | None
    """Its id, if it has one."""
    reason: str
    """What is wrong with it and what was expected."""
    label: Any
    """Its label in the index of the frame; the row where there is no frame."""


class Layer:
    """Rows of one kind that an analysis found, as a table of Arrow.

    Anything that reads Arrow takes it as it is (``pyarrow.table(layer)``, ``polars.from_arrow``, DuckDB,
    ``geopandas.GeoDataFrame.from_arrow``). Geometries are well-known binary in the coordinate system of the input; the
    metadata of each column hold its unit and what it means.
    """

    def __init__(self, name: str, load: Callable[[bool], pa.Table], frame: gpd.GeoDataFrame | None = None) -> None:
        self.name = name
        self._load = load
        self._frame = frame
        self._tables: dict[bool, pa.Table] = {}

    def _table(self, geometry: bool) -> pa.Table:
        if True in self._tables:
            geometry = True
        if geometry not in self._tables:
            self._tables[geometry] = self._load(geometry)
        return self._tables[geometry]

    def to_pyarrow(self) -> pa.Table:
        """As a table of pyarrow, with a column ``geometry`` where the rows have one."""
        return self._table(True)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_pyarrow().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.to_pyarrow().schema.__arrow_c_schema__()

    def __len__(self) -> int:
        return int(self._table(False).num_rows)

    @property
    def column_names(self) -> list[str]:
        """Names of its columns, the geometry aside."""
        return [name for name in self._table(False).column_names if name != "geometry"]

    def column_info(self) -> dict[str, dict[str, str]]:
        """Unit and meaning of each column."""
        fields = [field for field in self._table(False).schema if field.name != "geometry"]
        metadata = ((field.name, field.metadata or {}) for field in fields)
        return {
            name: {key.decode(): value.decode() for key, value in known.items() if key in (b"unit", b"description")}
            for name, known in metadata
        }

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        return self._table(False)[column]

    def to_pandas(self) -> pd.DataFrame:
        """As a data frame without geometries; of parcels that came as a frame with that frame's index."""
        table = self._table(False)
        found = table.drop_columns(["geometry"]) if "geometry" in table.column_names else table
        frame: pd.DataFrame = found.to_pandas()
        if self._frame is not None:
            frame.index = self._frame.index.take(frame["row"].to_numpy())
        return frame

    def to_geopandas(self) -> gpd.GeoDataFrame:
        """As a GeoDataFrame.

        Parcels that came as a frame keep its columns, geometries and index, with the computed columns (``lu_…``) beside them;
        those that cannot be used are left out (:attr:`Analysis.rejected`).
        """
        import geopandas

        if self._frame is None:
            return geopandas.GeoDataFrame.from_arrow(self.to_pyarrow())
        found = self.to_pandas()
        computed = found[[name for name in found.columns if name.startswith("lu_")]]
        own = self._frame.iloc[found["row"].to_numpy()]
        again = [name for name in own.columns if str(name).startswith("lu_")]
        own = own.drop(columns=again) if again else own
        import pandas

        joined = pandas.concat([own, computed.set_axis(own.index)], axis=1)
        return geopandas.GeoDataFrame(joined, geometry=own.geometry.name, crs=own.crs)

    def __repr__(self) -> str:
        return f"<landuse.Layer {self.name}: {len(self)} rows, {len(self.column_names)} columns>"

    def _repr_html_(self) -> str:
        shown = self._table(False).slice(0, 5)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.column_names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(row[name]))}</td>" for name in self.column_names) + "</tr>"
            for row in shown.to_pylist()
        )
        return f"<p>{html.escape(self.name)}: {len(self)} rows</p><table><tr>{head}</tr>{rows}</table>"


class Picture:
    """A drawn map, shown as such in a notebook."""

    def __init__(self, png: bytes, notes: list[str]) -> None:
        self.png = png
        #: What could not be shown, in plain words.
        self.notes = notes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it as a PNG file."""
        with open(path, "wb") as file:
            file.write(self.png)

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<landuse.Picture: {len(self.png)} bytes of PNG>"


class Report:
    """An analysis as one page of HTML that asks nothing of a network."""

    def __init__(self, text: str) -> None:
        self.html = text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it as a file."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self.html)

    def _repr_html_(self) -> str:
        return f'<iframe style="width:100%;height:40em;border:0" srcdoc="{html.escape(self.html)}"></iframe>'

    def __repr__(self) -> str:
        return f"<landuse.Report: {len(self.html)} characters of HTML>"


def _listener(progress: Progress | bool | None) -> tuple[Progress | None, Callable[[], None]]:
    """A callback, and what ends it; ``True`` is a bar of tqdm, where that is installed."""
    if progress is None or progress is False:
        return None, lambda: None
    if progress is not True:
        return progress, lambda: None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None, lambda: None
    bar = tqdm(total=1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}", leave=False)

    def show(step: str, done_ratio: float) -> None:
        bar.set_description_str(step)
        bar.n = done_ratio
        bar.refresh()

    return show, bar.close


class Analysis:
    """Every result of :func:`analyze`.

    Attributes
    ----------
    options : Options
        What was asked, with the plane that was taken.
    summary : dict
        All figures, as ``summary.json`` has them; unknown ones are ``None``, never 0.
    """

    def __init__(self, found: _landuse.Analysis, inputs: _landuse.Inputs, asked: _Asked, options: Options) -> None:
        self._found = found
        self._inputs = inputs
        self._asked = asked
        self._given = options
        self.options = Options._of(found.options)
        self._layers: dict[str, Layer | None] = {}
        self._summary: dict[str, Any] | None = None

    @property
    def summary_json(self) -> str:
        """The text of ``summary.json``, byte for byte that of the command."""
        return self._found.summary_json()

    @property
    def summary(self) -> dict[str, Any]:
        """All figures; see the data dictionary."""
        if self._summary is None:
            self._summary = json.loads(self.summary_json)
        return self._summary

    def _layer(self, name: str, frame: gpd.GeoDataFrame | None = None) -> Layer | None:
        if name not in self._layers:
            table = self._found.layer(name, frame is None, self._asked.threads)
            found = self._found

            def load(geometry: bool) -> pa.Table:
                return table if geometry is (frame is None) else found.layer(name, geometry, self._asked.threads)

            self._layers[name] = None if table is None else Layer(name, load, frame)
        return self._layers[name]

    def _there(self, name: str, frame: gpd.GeoDataFrame | None = None) -> Layer:
        layer = self._layer(name, frame)
        if layer is None:
            raise LanduseError(f"there is no layer `{name}`")
        return layer

    @property
    def parcels(self) -> Layer:
        """A row for each record of the parcels, in their order: what was recorded and what was computed (``lu_…``)."""
        return self._there("parcels", self._asked.frame)

    @property
    def sites(self) -> Layer:
        """Contiguous low-efficiency sites."""
        return self._there("sites")

    @property
    def ledger(self) -> Layer:
        """The balance of land and the intensity of each study unit."""
        return self._there("ledger")

    @property
    def districts(self) -> Layer | None:
        """Study units with their shapes; none where none were given."""
        return self._layer("districts")

    @property
    def lines(self) -> Layer | None:
        """Control lines and what they take; none without lines."""
        return self._layer("lines")

    @property
    def inside_lines(self) -> Layer | None:
        """Parcels with construction inside lines that exclude it; none without lines."""
        return self._layer("inside_lines")

    @property
    def encroachments(self) -> Layer | None:
        """The land of them that is certain, after permits and the error of survey; none without lines."""
        return self._layer("encroachments")

    @property
    def gradient(self) -> Layer | None:
        """The balances by distance from the lines; none without ``bands_m``."""
        return self._layer("gradient")

    @property
    def rejected(self) -> list[Rejected]:
        """Features of the parcels that cannot be used, with the reason of each."""
        frame = self._asked.frame
        rows = self._inputs.rejected()
        return [Rejected(row, id, why, row if frame is None else frame.index[row]) for row, id, why in rows]

    def map(self, title: str = "Low-efficiency land") -> Picture:
        """The map: parcels by the grade of their score, sites outlined and numbered, lines, districts."""
        return Picture(*self._found.map(title, self._asked.threads))

    def report(self, language: str = "en") -> Report:
        """The page to hand in, in English (``en``) or Chinese (``zh``)."""
        return Report(self._found.report(language, self._asked.threads))

    def with_(self, progress: Progress | bool | None = None, **options: Unpack[OptionFields]) -> Analysis:
        """The analysis of the same data under changed options; only what hangs on what changed is computed again.

        Where the options need columns that were not kept, or another way to read, the data are read again.
        """
        changed = self._given.with_(**options)
        if not changed._native.reads_as(self._given._native):
            return self._asked.run(changed, progress, stacklevel=3)
        return self._asked.run(changed, progress, stacklevel=3, after=self)

    def __repr__(self) -> str:
        return f"<landuse.Analysis: {len(self._inputs)} parcels, {len(self.sites)} sites>"

    def text(self, language: str = "en") -> str:
        """The figures in words for people, in English (``en``) or Chinese (``zh``), as the command prints them."""
        return self._found.text(language)

    def __str__(self) -> str:
        return self.text()


class _Asked:
    """The data of an analysis, and how it runs."""

    def __init__(
        self,
        parcels: Any,
        layers: dict[str, Any],
        schema: str | None,
        profile: str | None,
        threads: int | None,
    ) -> None:
        self.parcels = parcels
        self.layers = layers
        self.schema = schema
        self.profile = profile
        self.threads = threads
        self.frame: gpd.GeoDataFrame | None = None

    def _beside(self, declared: str | None) -> Iterator[tuple[str, _landuse.Layer]]:
        for role in _LAYERS:
            for layer in several(self.layers.get(role)):
                yield role, take(layer, role.replace("_", " "), declared).layer
        for role in _TABLES:
            if self.layers.get(role) is not None:
                yield role, take_table(self.layers[role], role.replace("_", " "))

    def load(self, options: Options, listener: Progress | None, properties: bool = True) -> _landuse.Inputs:
        """Reads every layer."""
        native = options._native
        taken = take(self.parcels, "parcels", native.source_crs, properties)
        self.frame = taken.frame
        beside = list(self._beside(native.source_crs))
        try:
            return _landuse.load(
                taken.layer,
                native,
                beside,
                schema=self.schema,
                profile=self.profile,
                threads=self.threads,
                progress=listener,
            )
        except LanduseError as error:
            if self.frame is not None and error.row is not None and error.file == "parcels":
                error.label = self.frame.index[error.row]
            raise

    def run(
        self,
        options: Options,
        progress: Progress | bool | None,
        stacklevel: int,
        after: Analysis | None = None,
    ) -> Analysis:
        """Runs all stages."""
        listener, end = _listener(progress)
        try:
            if after is None:
                inputs = self.load(options, listener)
                tell(inputs.warnings(), DataWarning, stacklevel + 1)
            else:
                inputs = after._inputs
            earlier = None if after is None else after._found
            found = _landuse.run(inputs, options._native, after=earlier, threads=self.threads, progress=listener)
        finally:
            end()
        tell(found.warnings(), ResultWarning, stacklevel + 1)
        return Analysis(found, inputs, self, options)


def analyze(
    parcels: Any,
    *,
    control_lines: Any = None,
    districts: Any = None,
    unsuitable: Any = None,
    barriers: Any = None,
    lanes: Any = None,
    buildings: Any = None,
    firms: Any = None,
    field_checks: Any = None,
    schema: str | None = None,
    profile: str | None = None,
    options: Options | None = None,
    threads: int | None = None,
    progress: Progress | bool | None = None,
    **fields: Unpack[OptionFields],
) -> Analysis:
    """Analyses parcels: which are low-efficiency and why, which sites they form, how hard each unit's land is worked.

    The interpreter is free meanwhile. ``KeyboardInterrupt`` is raised within a second; what runs stops at its next look.

    Parameters
    ----------
    parcels : GeoDataFrame, table with ``__arrow_c_stream__``, GeoJSON or path
        Polygons with their properties. The coordinate system is that of the frame, table or file.
    control_lines : layer or list of layers, optional
        Ecological and other lines, with the properties id, name, tier and effect (``exclude``, ``confine``, ``reserve``).
    districts : layer or list of layers, optional
        Study units, with the properties id and name.
    unsuitable : layer or list of layers, optional
        Land that cannot be built on for other reasons, such as water.
    barriers, lanes : layer or list of layers, optional
        What cuts neighbours across a gap off from each other (railways, rivers), and where it can be crossed.
    buildings : layer or list of layers, optional
        Footprints, spread onto parcels by overlap.
    firms, field_checks : DataFrame, table or path, optional
        Tables of firms and of what was found on the spot.
    schema : str, optional
        TOML that says which property is what. Default: inferred from names and values.
    profile : {'generated', 'pluto', 'chinese'}, optional
        A built-in schema.
    options : Options, optional
        Everything that is asked; `fields` are laid over it.
    threads : int, optional
        Default: as many as the machine has. No result depends on it.
    progress : callable or bool, optional
        Called with the name of a step and the share of it that is done, 0 to 1. ``True`` shows a bar of tqdm, if installed.
    **fields
        Options by name, such as ``score="tax_yuan / area_m2"``, ``gap_m=30`` (m), ``warning_line=(0.3, "plan 2035")``,
        ``seed=7``; see :class:`Options`.

    Returns
    -------
    Analysis

    Raises
    ------
    OptionError, DataError, CrsError, FileError, LimitError
        Each a :class:`LanduseError` that says where.

    Warns
    -----
    DataWarning, CrsWarning, ResultWarning
        What a reader should know.

    Examples
    --------
    >>> import landuse
    >>> found = landuse.analyze("parcels.geojson", control_lines="lines.geojson", score="tax_yuan / area_m2")  # doctest: +SKIP
    >>> found.summary["clusters"]["count"]  # doctest: +SKIP
    7
    >>> found.parcels.to_geopandas().plot("lu_score")  # doctest: +SKIP
    """
    given = Options() if options is None else options
    given = given.with_(**fields) if fields else given
    layers = {
        "control_lines": control_lines,
        "districts": districts,
        "unsuitable": unsuitable,
        "barriers": barriers,
        "lanes": lanes,
        "buildings": buildings,
        "firms": firms,
        "field_checks": field_checks,
    }
    return _Asked(parcels, layers, schema, profile, threads).run(given, progress, stacklevel=2)
