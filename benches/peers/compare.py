"""Runs one job with landuse and with its peers and prints seconds, ratios, peak memory and how far the answers agree.

compare.py LANDUSE WORK PARCELS [--no-esda] [--only NAME,...]

Every tool runs in a process of its own, so that its peak memory is its own. What is judged low-efficiency and what counts as
construction land is an input to the peers: it comes from the layer that landuse wrote, by position in the file.
"""

import json
import os
import platform
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

GAP_M = 20.0
PERMUTATIONS = 999
STEPS = [
    ("read", "read GeoJSON"),
    ("project", "project to the plane, area"),
    ("validity", "validity and repair"),
    ("pairs", "all pairs within 20 m"),
    ("clusters", "low-efficiency sites, dissolved"),
    ("overlap", "overlap of each parcel with the lines"),
    ("ledger", "ledger with unions, by district"),
    ("write", "write parcels with results"),
    ("moran", "local Moran, 999 permutations"),
    ("gi", "Gi*, 999 permutations"),
]


class Clock:
    """Seconds per step, and answers to compare."""

    def __init__(self):
        self.seconds, self.answers, self.failed = {}, {}, {}

    def step(self, name, work):
        start = time.perf_counter()
        try:
            result = work()
        except Exception as error:  # a peer that cannot do a step says so in the table
            self.failed[name] = f"{type(error).__name__}: {str(error)[:160]}"
            return None
        self.seconds[name] = time.perf_counter() - start
        return result

    def finish(self):
        # The high-water mark of this program alone: getrusage would count what it was forked from.
        status = Path("/proc/self/status").read_text().splitlines()
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
        print("RESULT " + json.dumps({"seconds": self.seconds, "answers": self.answers, "failed": self.failed, "peak": peak}))


# ---------------------------------------------------------------------------------------------------------------------- landuse


def landuse(binary, city, out, *options):
    """One run; its stages, its summary and the peak memory of the process."""
    command = [binary, "analyze", city / "parcels.geojson", "--out", out, "--overwrite", "--no-map"]
    command += ["--control-lines", city / "control_lines.geojson", "--districts", city / "districts.geojson"]
    command += ["--unsuitable", city / "water.geojson", "--gap", str(GAP_M), *options]
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    manifest = json.loads((out / "manifest.json").read_text())
    return seconds, manifest, json.loads((out / "summary.json").read_text())


def flags(out):
    """What landuse found for each feature, in the order of the file."""
    import numpy as np

    features = json.loads((out / "parcels.geojson").read_text())["features"]
    rows = [feature["properties"] for feature in features]
    rejected = out / "rejected.geojson"
    if rejected.exists():  # what was put aside comes back as an empty row at its position
        put_aside = (feature["properties"]["lu_position"] for feature in json.loads(rejected.read_text())["features"])
        for position in sorted(put_aside):
            rows.insert(position, {})
    get = lambda key, unknown=np.nan: np.array([row.get(key) if row.get(key) is not None else unknown for row in rows])
    return {
        "area": get("lu_area_m2").astype(float),
        "control": get("lu_control_m2").astype(float),
        "site": get("lu_site", 0).astype(int),
        "low": np.array([row.get("lu_verdict") == "low" for row in rows]),
        "construction": np.array([row.get("lu_status") == "construction" for row in rows]),
    }


# ---------------------------------------------------------------------------------------------------------------------- GeoPandas


def plane(city):
    """The plane landuse works in, as a PROJ string."""
    return (city / "plane.txt").read_text().strip()


def given(city):
    import numpy as np

    return dict(np.load(city / "flags.npz"))


def excluding(city):
    import geopandas

    lines = geopandas.read_file(city / "control_lines.geojson")
    return lines[lines.effect == "exclude"]


def tiles(shapes, most=256):
    """Shapes cut into pieces of few vertices by halving: what an expert does before overlaying large polygons."""
    import shapely

    pieces, todo = [], [part for shape in shapes for part in shapely.get_parts(shape)]
    while todo:
        shape = todo.pop()
        if shapely.get_num_coordinates(shape) <= most:
            pieces.append(shape)
            continue
        x0, y0, x1, y1 = shape.bounds
        if x1 - x0 > y1 - y0:
            boxes = [shapely.box(x0, y0, (x0 + x1) / 2, y1), shapely.box((x0 + x1) / 2, y0, x1, y1)]
        else:
            boxes = [shapely.box(x0, y0, x1, (y0 + y1) / 2), shapely.box(x0, (y0 + y1) / 2, x1, y1)]
        for cut in shapely.intersection(shape, boxes):
            todo += [part for part in shapely.get_parts(cut) if shapely.get_dimensions(part) == 2]
    return pieces


def shared_areas(shapes, pieces, count):
    """Area each shape shares with pieces that do not overlap: contained ones take their own area."""
    import numpy as np
    import shapely

    tree = shapely.STRtree(shapes)
    inside = tree.query(pieces, predicate="contains_properly")
    total = np.zeros(count)
    np.add.at(total, inside[1], shapely.area(shapes[inside[1]]))
    done = np.zeros(count, bool)
    done[inside[1]] = True
    of, which = tree.query(pieces, predicate="intersects")
    keep = ~done[which]
    of, which = of[keep], which[keep]
    np.add.at(total, which, shapely.area(shapely.intersection(shapes[which], np.array(pieces, dtype=object)[of])))
    return total


def geopandas_chain(city):
    import geopandas
    import numpy as np
    import shapely
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    clock, known = Clock(), given(city)
    frame = clock.step("read", lambda: geopandas.read_file(city / "parcels.geojson", engine="pyogrio", use_arrow=True, on_invalid="fix"))

    def project():
        moved = frame.geometry.to_crs(plane(city))
        return moved, moved.area

    moved, area = clock.step("project", project)

    def repair():
        shapes = moved.values._data.copy() if hasattr(moved.values, "_data") else np.array(moved.values)
        valid = shapely.is_valid(shapes)
        bad = np.flatnonzero(~valid)
        shapes[bad] = shapely.make_valid(shapes[bad], method="structure")
        # What has no area has no neighbours.
        shapes[shapely.is_missing(shapes) | (shapely.area(shapes) == 0)] = shapely.Polygon()
        return shapes

    shapes = clock.step("validity", repair)
    count = len(shapes)
    clock.answers["area"] = float(np.nansum(shapely.area(shapes)))

    def pairs():
        a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=GAP_M)
        keep = a < b
        return a[keep], b[keep]

    a, b = clock.step("pairs", pairs)
    clock.answers["links"] = len(a)

    def sites():
        low = known["low"]
        keep = low[a] & low[b]
        links = coo_matrix((np.ones(keep.sum(), bool), (a[keep], b[keep])), shape=(count, count))
        label = connected_components(links, directed=False)[1]
        members = np.flatnonzero(low)
        series = geopandas.GeoSeries(shapes[members]).groupby(label[members])
        unions = series.apply(lambda part: shapely.union_all(part.values))
        return unions[shapely.area(unions.values) >= 10_000.0]

    unions = clock.step("clusters", sites)
    if unions is not None:
        clock.answers["sites"] = len(unions)
        clock.answers["sites_m2"] = float(shapely.area(unions.values).sum())

    lines = excluding(city).to_crs(plane(city))
    state = {}

    def overlap():
        state["pieces"] = tiles([shapely.union_all(lines.geometry.values)])
        return shared_areas(shapes, state["pieces"], count)

    control = clock.step("overlap", overlap)
    if control is not None:
        clock.answers["overlap_m2"] = float(control.sum())
        difference = np.abs(control - known["control"])
        clock.answers["overlap_worst_relative"] = float(np.nanmax(difference / known["area"]))

    districts = geopandas.read_file(city / "districts.geojson").to_crs(plane(city))

    def ledger():
        built = shapes[known["construction"]]
        tree, inside = shapely.STRtree(built), 0.0
        figures = []
        line_tree = shapely.STRtree(state["pieces"])
        for shape in districts.geometry.values:
            hit = tree.query(shape, predicate="intersects")
            whole = np.zeros(len(hit), bool)
            shapely.prepare(shape)
            whole = shapely.contains_properly(shape, built[hit])
            cut = [shapely.intersection(part, shape) for part in built[hit[~whole]]]
            union = shapely.union_all(np.concatenate([built[hit[whole]], np.array(cut, dtype=object)]))
            near = np.array(state["pieces"], dtype=object)[line_tree.query(shape)]
            parts = shapely.get_parts(union)
            c_inside = shared_areas(parts, list(near), len(parts)).sum()
            control_m2 = shapely.area(shapely.intersection(near, shape)).sum()
            figures.append((shape.area, union.area, c_inside, control_m2))
        return figures

    figures = clock.step("ledger", ledger)
    if figures is not None:
        clock.answers["construction_m2"] = float(sum(row[1] for row in figures))
        clock.answers["construction_inside_m2"] = float(sum(row[2] for row in figures))
        clock.answers["control_m2"] = float(sum(row[3] for row in figures))

    def write():
        frame["area_m2"], frame["control_m2"], frame["low"] = area, control, known["low"]
        frame.to_file(city / "geopandas.geojson", engine="pyogrio", driver="GeoJSON", use_arrow=True)

    clock.step("write", write)
    np.savez(city / "links.npz", a=a, b=b)
    clock.finish()


# ---------------------------------------------------------------------------------------------------------------------- DuckDB


def duckdb_spatial(city):
    import duckdb
    import duckdb_extension_spatial
    import numpy as np
    import pandas

    clock, known = Clock(), given(city)
    extension = next(Path(next(iter(duckdb_extension_spatial.__path__))).rglob("*.duckdb_extension"))
    db = duckdb.connect(config={"allow_unsigned_extensions": "true", "threads": str(os.cpu_count())})
    db.execute(f"LOAD '{extension}'")
    run = lambda sql: db.execute(sql).fetchall()
    to_plane = f"'EPSG:4326', '{plane(city)}', always_xy := true"
    clock.step("read", lambda: run(f"CREATE TABLE raw AS SELECT row_number() OVER () - 1 AS r, * FROM ST_Read('{city}/parcels.geojson')"))
    clock.step("project", lambda: run(f"CREATE TABLE moved AS SELECT r, g, ST_Area(g) a FROM (SELECT r, ST_Transform(geom, {to_plane}) g FROM raw WHERE geom IS NOT NULL)"))
    clock.step("validity", lambda: run("CREATE TABLE p AS SELECT r, g FROM (SELECT r, CASE WHEN TRY(ST_IsValid(g)) THEN g ELSE TRY(ST_MakeValid(g)) END g FROM moved) WHERE g IS NOT NULL"))
    clock.answers["area"] = run("SELECT sum(ST_Area(g)) FROM p")[0][0]

    def pairs():
        # With a.r < b.r in the join, DuckDB would take that for the join and test all pairs for distance.
        run(f"CREATE TABLE ways AS SELECT a.r ra, b.r rb FROM p a JOIN p b ON ST_DWithin(a.g, b.g, {GAP_M})")
        run("CREATE TABLE links AS SELECT * FROM ways WHERE ra < rb")

    clock.step("pairs", pairs)
    clock.answers["links"] = run("SELECT count(*) FROM links")[0][0]
    db.register("marks", pandas.DataFrame({"r": np.arange(len(known["low"])), "site": known["site"], "construction": known["construction"]}))
    # DuckDB knows no connected components: it dissolves the sites it is given.
    clock.step("clusters", lambda: run("CREATE TABLE sites AS SELECT site, ST_Union_Agg(g) g FROM p JOIN marks USING (r) WHERE site > 0 GROUP BY site"))
    clock.answers["sites"], clock.answers["sites_m2"] = run("SELECT count(*), sum(ST_Area(g)) FROM sites")[0]
    lines = excluding(city).to_crs(plane(city))

    def overlap():
        import shapely

        pieces = tiles([shapely.union_all(lines.geometry.values)])
        db.register("wkb", pandas.DataFrame({"w": shapely.to_wkb(pieces)}))
        run("CREATE TABLE pieces AS SELECT ST_GeomFromWKB(w) g FROM wkb")
        run("CREATE TABLE inside AS SELECT p.r, sum(ST_Area(ST_Intersection(p.g, l.g))) m2 FROM p JOIN pieces l ON ST_Intersects(p.g, l.g) GROUP BY p.r")

    clock.step("overlap", overlap)
    clock.answers["overlap_m2"] = run("SELECT sum(m2) FROM inside")[0][0]
    districts_table = f"SELECT id, ST_Transform(geom, {to_plane}) g FROM ST_Read('{city}/districts.geojson')"

    def ledger():
        run(f"CREATE TABLE d AS {districts_table}")
        run("CREATE TABLE built AS SELECT d.id, ST_Union_Agg(CASE WHEN ST_Within(p.g, d.g) THEN p.g ELSE ST_Intersection(p.g, d.g) END) g FROM p JOIN marks USING (r) JOIN d ON ST_Intersects(p.g, d.g) WHERE construction GROUP BY d.id")
        run("CREATE TABLE parts AS SELECT id, UNNEST(ST_Dump(g)).geom g FROM built")
        run("CREATE TABLE built_inside AS SELECT sum(ST_Area(ST_Intersection(b.g, l.g))) m2 FROM parts b JOIN pieces l ON ST_Intersects(b.g, l.g)")
        run("CREATE TABLE held AS SELECT sum(ST_Area(ST_Intersection(d.g, l.g))) m2 FROM d JOIN pieces l ON ST_Intersects(d.g, l.g)")

    clock.step("ledger", ledger)
    if "ledger" in clock.seconds:
        clock.answers["construction_m2"] = run("SELECT sum(ST_Area(g)) FROM built")[0][0]
        clock.answers["construction_inside_m2"] = run("SELECT m2 FROM built_inside")[0][0]
        clock.answers["control_m2"] = run("SELECT m2 FROM held")[0][0]
    out = city / "duckdb.geojson"
    out.unlink(missing_ok=True)
    clock.step("write", lambda: run(f"COPY (SELECT raw.* EXCLUDE (r), ST_Area(p.g) AS area_m2, inside.m2 AS control_m2 FROM raw LEFT JOIN p USING (r) LEFT JOIN inside USING (r) ORDER BY r) TO '{out}' WITH (FORMAT GDAL, DRIVER 'GeoJSON')"))
    clock.finish()


# ---------------------------------------------------------------------------------------------------------------------- SedonaDB


def sedona(city):
    import numpy as np
    import pyarrow
    import pyproj
    import sedonadb
    import shapely

    clock, known = Clock(), given(city)
    db = sedonadb.connect()
    view = lambda name, frame: frame.to_memtable().to_view(name, overwrite=True)
    run = lambda sql: db.sql(sql).to_arrow_table().to_pylist()
    crs = pyproj.CRS(plane(city)).to_json().replace("'", "''")
    raw = clock.step("read", lambda: db.read_pyogrio(str(city / "parcels.geojson")).to_arrow_table())
    raw = raw.append_column("r", pyarrow.array(np.arange(len(raw))))
    # Rings that do not close stop SedonaDB at any function of GEOS: such parcels are left out, untimed.
    wkb = [getattr(chunk, "storage", chunk).to_numpy(zero_copy_only=False) for chunk in raw["wkb_geometry"].chunks]
    raw = raw.filter(pyarrow.array(~shapely.is_missing(shapely.from_wkb(np.concatenate(wkb), on_invalid="ignore"))))
    view("numbered", db.create_data_frame(raw.select(["r", "wkb_geometry"]).rename_columns(["r", "g"])))
    clock.step("project", lambda: view("moved", db.sql(f"SELECT r, g, ST_Area(g) a FROM (SELECT r, ST_SetSRID(ST_Transform(g, 'EPSG:4326', '{crs}'), 0) g FROM numbered WHERE g IS NOT NULL)")))
    clock.step("validity", lambda: view("p", db.sql("SELECT r, g FROM moved WHERE ST_IsValid(g)")))
    clock.answers["area"] = (run("SELECT sum(ST_Area(g)) s FROM p") or [{}])[0].get("s")

    def pairs():
        view("links", db.sql(f"SELECT a.r ra, b.r rb FROM p a JOIN p b ON ST_DWithin(a.g, b.g, {GAP_M}) WHERE a.r < b.r"))
        clock.answers["links"] = run("SELECT count(*) n FROM links")[0]["n"]

    clock.step("pairs", pairs)
    marks = pyarrow.table({"r": np.arange(len(known["low"])), "site": known["site"], "construction": known["construction"]})
    view("marks", db.create_data_frame(marks))

    def sites():
        view("sites", db.sql("SELECT site, ST_Union_Agg(g) g FROM p JOIN marks ON p.r = marks.r WHERE site > 0 GROUP BY site"))
        clock.answers["sites_m2"] = run("SELECT sum(ST_Area(g)) s FROM sites")[0]["s"]
        clock.answers["sites"] = run("SELECT count(*) s FROM sites")[0]["s"]

    clock.step("clusters", sites)
    lines = excluding(city).to_crs(plane(city))

    def overlap():
        pieces = tiles([shapely.union_all(lines.geometry.values)])
        view("wkb", db.create_data_frame(pyarrow.table({"w": shapely.to_wkb(pieces)})))
        view("pieces", db.sql("SELECT ST_GeomFromWKB(w) g FROM wkb"))
        view("inside", db.sql("SELECT p.r, sum(ST_Area(ST_Intersection(p.g, l.g))) m2 FROM p JOIN pieces l ON ST_Intersects(p.g, l.g) GROUP BY p.r"))
        clock.answers["overlap_m2"] = run("SELECT sum(m2) s FROM inside")[0]["s"]

    clock.step("overlap", overlap)
    clock.finish()


# ---------------------------------------------------------------------------------------------------------------------- statistics


def values_and_links(city):
    import numpy as np

    known = given(city)
    links = np.load(city / "links.npz")
    used = np.isfinite(known["area"])
    number = np.cumsum(used) - 1
    keep = used[links["a"]] & used[links["b"]]
    return known["area"][used], number[links["a"][keep]], number[links["b"][keep]]


def esda_statistics(city):
    import numpy as np
    from libpysal.weights import WSP
    from scipy.sparse import coo_matrix
    import esda

    clock = Clock()
    values, a, b = values_and_links(city)
    both = (np.concatenate([a, b]), np.concatenate([b, a]))
    matrix = coo_matrix((np.ones(len(both[0])), both), shape=(len(values),) * 2).tocsr()
    weights = WSP(matrix).to_W(silence_warnings=True)
    local = clock.step("moran", lambda: esda.Moran_Local(values, weights, permutations=PERMUTATIONS, n_jobs=os.cpu_count(), seed=1))
    if local is not None:
        clock.answers["global_i"] = float(esda.Moran(values, weights, permutations=0).I)
    clock.step("gi", lambda: esda.G_Local(values, weights, star=True, permutations=PERMUTATIONS, n_jobs=os.cpu_count(), seed=1))
    clock.finish()


def pygeoda_statistics(city):
    import geopandas
    import numpy as np
    import pygeoda
    import shapely

    clock = Clock()
    values, a, b = values_and_links(city)
    n = len(values)
    order = np.argsort(np.concatenate([a, b]), kind="stable")
    to = np.concatenate([b, a])[order]
    start = np.searchsorted(np.concatenate([a, b])[order], np.arange(n + 1))
    with open(city / "links.gal", "w") as file:
        file.write(f"0 {n} parcels row\n")
        for row in range(n):
            near = to[start[row] : start[row + 1]]
            file.write(f"{row} {len(near)}\n{' '.join(map(str, near))}\n")
    # GeoDa ties weights to a table of shapes: points do.
    frame = geopandas.GeoDataFrame({"row": np.arange(n)}, geometry=shapely.points(np.arange(n) % 1000, np.arange(n) // 1000))
    frame.to_file(city / "points.shp")
    table = pygeoda.open(str(city / "points.shp"))
    weights = pygeoda.read_gal(str(city / "links.gal"), [str(row) for row in range(n)])
    options = {"permutations": PERMUTATIONS, "permutation_method": "lookup-table", "cpu_threads": os.cpu_count()}
    clock.step("moran", lambda: pygeoda.local_moran(weights, values.tolist(), **options))
    clock.step("gi", lambda: pygeoda.local_gstar(weights, values.tolist(), **options))
    clock.finish()


PEERS = {
    "GeoPandas + shapely": geopandas_chain,
    "DuckDB spatial": duckdb_spatial,
    "SedonaDB": sedona,
    "pygeoda": pygeoda_statistics,
    "libpysal + esda": esda_statistics,
}


# ---------------------------------------------------------------------------------------------------------------------- the table


def peer(name, city):
    """Runs a peer in a process of its own."""
    command = [sys.executable, __file__, "--peer", name, str(city)]
    done = subprocess.run(command, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    print(f"{name} ended without a result: {done.stderr[-600:]}", file=sys.stderr)
    return {"seconds": {}, "answers": {}, "failed": {"all": done.stderr[-160:]}, "peak": 0}


def ours(binary, city):
    """landuse's stages under the names of the steps, the plane and what it found per feature."""
    import numpy as np

    wall, manifest, summary = landuse(binary, city, city / "out", "--permutations", str(PERMUTATIONS))
    words = summary["crs"]["working"].split()
    (city / "plane.txt").write_text(f"+proj=laea {' '.join('+' + word for word in words[1:])} +datum=WGS84 +units=m +no_defs\n")
    found = flags(city / "out")
    np.savez(city / "flags.npz", **found)
    everybody = ["--where", "area_m2 > 0", "--score", "area_m2", "--permutations", str(PERMUTATIONS)]
    _, all_manifest, all_summary = landuse(binary, city, city / "out-all", *everybody)
    stage = manifest["seconds"]
    seconds = {
        "read + project + validity": stage["read"],
        "pairs": stage["adjacency"],
        "clusters": stage["cluster"],
        "overlap": stage["control"],
        "ledger": stage["intensity"],
        "write": stage["write"],
        "verdicts, significance, sweep, review": stage["efficiency"] + stage["significance"] + stage["encroachment"],
        "moran + gi": all_manifest["seconds"]["stats"],
    }
    intensity = summary["intensity"]
    answers = {
        "area": summary["parcels"]["area_m2"],
        "links": summary["adjacency"]["links"],
        "sites": summary["clusters"]["count"],
        "sites_m2": summary["clusters"]["area_m2"],
        "overlap_m2": float(np.nansum(found["control"])),
        "construction_m2": intensity["construction_m2"],
        "construction_inside_m2": intensity["construction_inside_m2"],
        "control_m2": intensity["control_m2"],
        "global_i": all_summary["local_moran"]["global_i"],
    }
    return {"wall": wall, "seconds": seconds, "answers": answers, "peak": manifest["peak_memory_bytes"]}


def show(value):
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(us, peers):
    """Steps down, tools across; a ratio is the best peer over landuse."""
    joined = {"read + project + validity": ["read", "project", "validity"], "moran + gi": ["moran", "gi"]}
    lines = [
        "| step, s | " + " | ".join(peers) + " | landuse | best peer / landuse |",
        "|---|" + "---:|" * (len(peers) + 2),
    ]
    titles = dict(STEPS)
    for name, ours_s in us["seconds"].items():
        parts = joined.get(name, [name])
        for part in parts if len(parts) > 1 else []:
            cells = [show(result["seconds"].get(part)) for result in peers.values()]
            lines.append(f"| {titles[part]} | {' | '.join(cells)} | | |")
        sums = [sum(r["seconds"][p] for p in parts) if all(p in r["seconds"] for p in parts) else None for r in peers.values()]
        best = min((value for value in sums if value is not None), default=None)
        title = titles.get(name) or ("**both**" if name == "moran + gi" else "**all three**" if len(parts) == 3 else name)
        ratio = "–" if best is None else f"{best / ours_s:.1f}"
        lines.append(f"| {title} | {' | '.join(map(show, sums))} | {show(ours_s)} | {ratio} |")
    peaks = [show(r["peak"] / 1e9) if r["peak"] else "–" for r in peers.values()]
    lines.append(f"| peak memory, GB | {' | '.join(peaks)} | {show(us['peak'] / 1e9)} | |")
    lines.append(f"| everything, one command | {' | '.join('–' for _ in peers)} | {show(us['wall'])} | |")
    return "\n".join(lines)


def agreement(us, peers):
    lines = ["| answer | landuse | " + " | ".join(f"{name}, relative difference" for name in peers) + " |"]
    lines.append("|---|---:|" + "---:|" * len(peers))
    for key, value in us["answers"].items():
        cells = []
        for result in peers.values():
            theirs = result["answers"].get(key)
            cells.append("–" if theirs is None else f"{abs(theirs - value) / abs(value):.1e}" if value else str(theirs))
        lines.append(f"| {key} | {value:,.10g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def own_stages(what, runs):
    """landuse's stages across, runs down."""
    stages = next(iter(runs.values()))["seconds"]
    lines = [f"| {what} | " + " | ".join(stages) + " | everything | peak GB |", "|---:|" + "---:|" * (len(stages) + 2)]
    for name, run in runs.items():
        cells = [show(value) for value in run["seconds"].values()] + [show(run["wall"]), show(run["peak"] / 1e9)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(path, runs):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot

    sizes = sorted(runs)
    figure, axes = pyplot.subplots(figsize=(7, 4.6))
    for stage in runs[sizes[0]]["seconds"]:
        axes.plot(sizes, [runs[n]["seconds"][stage] for n in sizes], marker="o", linewidth=1, label=stage)
    axes.plot(sizes, [runs[n]["wall"] for n in sizes], marker="o", linewidth=2.5, color="black", label="everything, one command")
    axes.set(xscale="log", yscale="log", xlabel="parcels", ylabel="seconds", title="landuse analyze --no-map, two cores")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def main():
    binary, work, parcels, *options = sys.argv[1:]
    binary, work, parcels = Path(binary), Path(work), int(parcels)
    only = options[options.index("--only") + 1].split(",") if "--only" in options else list(PEERS)
    runs = {}
    cities = [int(city.name.removeprefix("city-")) for city in work.glob("city-*")]
    for n in sorted({*cities, parcels}):
        runs[n] = ours(binary, work / f"city-{n}")
    city, us = work / f"city-{parcels}", runs[parcels]
    peers = {}
    for name in PEERS:
        if name in only and not (name == "libpysal + esda" and "--no-esda" in options):
            print(f"running {name}", file=sys.stderr)
            peers[name] = peer(name, city)
    fabrics = {"cadastral": us}
    for fabric in ("clustered", "slivers"):
        fabrics[fabric] = ours(binary, work / f"{fabric}-{parcels}")
    Path("docs").mkdir(exist_ok=True)
    plot("docs/scaling.svg", runs)
    print(f"{parcels:,} parcels, {date.today()}, {machine()}\n")
    print(table(us, peers) + "\n")
    print(agreement(us, peers) + "\n")
    print(own_stages("parcels", {f"{n:,}": runs[n] for n in sorted(runs)}) + "\n")
    print(own_stages("fabric", fabrics))
    for name, result in peers.items():
        for step, why in result["failed"].items():
            print(f"\n{name}, {step}: {why}")


if __name__ == "__main__":
    if sys.argv[1] == "--peer":
        PEERS[sys.argv[2]](Path(sys.argv[3]))
    elif sys.argv[1] == "--help":
        print(__doc__)
    else:
        main()
