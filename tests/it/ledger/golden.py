"""A small random case and its ledger by GEOS: writes golden.json.

Made with shapely 2.1 (GEOS); run: python golden.py > golden.json
Coordinates are multiples of 1/16 m, so that both sides read the same points.
"""
import json
import math
import random

import shapely
from shapely.geometry import Polygon
from shapely.ops import unary_union

rng = random.Random(20)


def star(x, y, radius, count, scale=1.0):
    ring = []
    for k in range(count):
        angle = math.tau * (k + 0.4 * rng.random()) / count
        r = radius * rng.uniform(0.6, 1.0) * scale
        ring.append([round(16 * (x + r * math.cos(angle))) / 16, round(16 * (y + r * math.sin(angle))) / 16])
    return ring


def feature(name, x, y, radius, count, hole):
    rings = [star(x, y, radius, count)] + ([star(x, y, radius, 5, 0.4)] if hole else [])
    return {"id": name, "rings": rings}


parcels = []
for k in range(14):
    p = feature(f"p{k:02}", rng.uniform(0, 300), rng.uniform(0, 200), rng.uniform(20, 60), 6 + k % 5, k % 3 == 0)
    p["construction"] = [True, False, None, True][k % 4]
    parcels.append(p)
lines = [feature(f"l{k}", rng.uniform(0, 300), rng.uniform(0, 200), 80, 9, k % 2 == 0) for k in range(4)]
districts = [
    {"id": "west", "rings": [[[-40, -40], [140, -40], [171.5, 90.25], [120, 240], [-40, 240]]]},
    {"id": "east", "rings": [[[140, -40], [300, -40], [300, 240], [120, 240], [171.5, 90.25]]]},
]


def shape(f):
    polygon = Polygon(f["rings"][0], f["rings"][1:])
    assert polygon.is_valid
    return polygon


def union(of):
    return unary_union([shape(p) for p in parcels if p["construction"] is of])


line = unary_union([shape(f) for f in lines])
construction = union(True)
unknown = union(None).difference(construction)
other = union(False).difference(construction).difference(union(None))
overlaps = {
    p["id"]: {f["id"]: shape(p).intersection(shape(f)).area for f in lines} | {"union": shape(p).intersection(line).area}
    for p in parcels
}
ledger = {}
for d in districts:
    unit = shape(d)
    ledger[d["id"]] = {
        "land": unit.area,
        "control": unit.intersection(line).area,
        "construction": unit.intersection(construction).area,
        "construction_inside": unit.intersection(construction).intersection(line).area,
        "other": unit.intersection(other).area,
        "unknown": unit.intersection(unknown).area,
    }
print(json.dumps({
    "made_with": f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}",
    "parcels": parcels, "lines": lines, "districts": districts, "overlaps": overlaps, "ledger": ledger,
}))
