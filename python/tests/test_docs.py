"""The tutorial runs, the examples of docstrings hold, and the page of names names what is there."""

from __future__ import annotations

import doctest
import json
import re
import warnings
from pathlib import Path

import landuse
import pytest
from conftest import ROOT


def test_the_tutorial_runs(monkeypatch):
    monkeypatch.chdir(ROOT / "python")
    cells = json.loads(Path("tutorial.ipynb").read_text())["cells"]
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in (cell for cell in cells if cell["cell_type"] == "code"):
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert names["moran"].to_frame()["p_sim"].notna().sum() > 100


@pytest.mark.parametrize("name", ["_analysis", "_neighbours", "_options", "_statistics"])
def test_examples_hold(name):
    module = __import__(f"landuse.{name}", fromlist=["x"])
    assert doctest.testmod(module).failed == 0


def test_what_is_public_is_described():
    for name in landuse.__all__:
        assert name == "__version__" or getattr(landuse, name).__doc__, name
    page = (ROOT / "docs" / "python.md").read_text()
    for name in re.findall(r"`(?:found\.|landuse\.)?([a-z_]+)\(g", page):
        assert hasattr(landuse, name) or name in ("find",), name
