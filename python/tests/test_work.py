"""The interpreter is free while Rust works; it hears of progress and can interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import landuse
import pytest
from conftest import CITY

warnings.simplefilter("ignore", landuse.LanduseWarning)
SLOW = {"score": "tax_yuan / area_m2", "statistics": {"scheme": "fresh", "permutations": 2_000_000}}


def test_progress_is_told_and_can_stop(city):
    steps: list[tuple[str, float]] = []

    class Enough(Exception):
        pass

    def listen(step: str, done_ratio: float) -> None:
        steps.append((step, done_ratio))
        if step == "stats":
            raise Enough

    with pytest.raises(Enough):
        landuse.analyze(city, progress=listen, **SLOW)
    assert steps[-1][0] == "stats" and all(0 <= done <= 1 for _, done in steps)
    # What ran was told to stop, and nothing is in the way of the next run.
    assert landuse.analyze(city, score="far", permutations=9).summary["parcels"]["count"] > 0


def test_the_interpreter_is_free(city):
    ticks = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        for _ in range(3):
            landuse.analyze(city, score="tax_yuan / area_m2")
    finally:
        stop.set()
        thread.join()
    assert max(b - a for a, b in zip(ticks, ticks[1:])) < 0.5


@pytest.mark.skipif(os.name != "posix", reason="signals of a terminal")
def test_an_interrupt_is_heard_within_a_second():
    code = textwrap.dedent(
        f"""
        import signal, sys, threading, time, os, warnings
        import landuse
        warnings.simplefilter("ignore")
        threading.Timer(1.5, lambda: (print(time.time(), flush=True), os.kill(os.getpid(), signal.SIGINT))).start()
        try:
            landuse.analyze({str(CITY / "parcels.geojson")!r}, **{SLOW!r})
        except KeyboardInterrupt:
            print(time.time(), flush=True)
            os._exit(0)
        os._exit(3)
        """
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    sent, heard = map(float, run.stdout.split())
    assert heard - sent < 1.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_work_goes_on_in_a_forked_process(city):
    landuse.analyze(city, score="far", permutations=9)
    child = os.fork()
    if child == 0:
        try:
            landuse.analyze(CITY / "parcels.geojson", score="far", permutations=9)
            os._exit(0)
        except BaseException:
            os._exit(1)
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the forked process did not end")
