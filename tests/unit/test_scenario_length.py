"""Traffic lasts as long as the run, and a flow that would bring nobody is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.clock import SystemClock
from edge.errors import ConfigError
from sim_videos.film import FilmOrder, film
from sim_videos.scenario import Scenario
from sim_videos.simulate.compose import Surroundings, simulate
from sim_videos.simulate.order import SimulateOptions
from sim_videos.truth import read_frames
from tests.plain_street import scenario

RUN = {"duration_s": 20, "warm_up_s": 30}
BUSY = [{"movement": name, "vehicles_per_h": 3000} for name in ("NBT", "SBT", "EBT", "WBT")]


def short() -> Scenario:
    arms = [{"approach": name, "length_m": 60} for name in ("NB", "SB", "EB", "WB")]
    plan = scenario(duration_s=0.5, warm_up_s=0, demand=BUSY, junction={"arms": arms})
    camera = plan.cameras[0].model_copy(update={"size_px": (352, 198)})
    return plan.model_copy(update={"cameras": (camera,)})


@pytest.mark.parametrize(
    "window",
    [
        {"from_s": 12, "to_s": 5},
        {"from_s": 5, "to_s": 5},
        {"from_s": 20},
        {"from_s": 21, "to_s": 60},
        {"from_s": -90, "to_s": -30},
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["demand", "walkers"])
def test_a_flow_that_brings_nobody_into_the_run_is_refused(key: str, window: dict[str, float]) -> None:
    row = {"movement": "NBT", "vehicles_per_h": 600} if key == "demand" else {"approach": "NB", "walkers_per_h": 60}
    with pytest.raises(ValidationError, match=rf"{key}\.0: from .* brings nobody into the run of -30 to 20 s"):
        scenario(**RUN, **{key: [{**row, **window}]})


@pytest.mark.parametrize("window", [{}, {"from_s": -90}, {"to_s": 500}, {"from_s": 19.9}, {"to_s": -29}], ids=str)
def test_a_flow_that_overlaps_the_run_is_taken(window: dict[str, float]) -> None:
    row = {"movement": "NBT", "vehicles_per_h": 600, **window}
    assert scenario(**RUN, demand=[row]).demand[0].vehicles_per_h == 600


def test_a_longer_run_has_traffic_to_its_end(tmp_path: Path) -> None:
    pytest.importorskip("libsumo")
    options = SimulateOptions(short(), ("fixed",), tmp_path / "out", seconds=8.0, truth_detector=True, perfect=False)
    (run,) = simulate(options, Surroundings(SystemClock()))
    # 3.3 a second are due; in the scenario's own half second fewer than six.
    assert run.all.vehicles >= 12


def test_a_longer_film_has_traffic_to_its_end(tmp_path: Path) -> None:
    pytest.importorskip("libsumo")
    (made,) = film(FilmOrder(short(), tmp_path / "films", seconds=8.0))
    told = {row.id for frame in read_frames(made.truth) for row in frame.users}
    assert len(told) >= 4


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e12])
def test_a_film_of_an_impossible_length_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ConfigError, match="--seconds"):
        FilmOrder(short(), tmp_path, seconds=seconds)
