"""`stopline site advise`: what is proposed, what is kept, where counts come from, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calibration.load import load_site
from calibration.site import Site
from collector.database import open_database
from collector.store import Store
from edge.cli.main import main
from edge.cli.site_advise import checked
from edge.clock import NS_PER_S, ReplayClock
from edge.control.advise.flows import Counted, Observed
from edge.control.advise.propose import Advice, Wishes, advise
from edge.errors import ConfigError, InputError
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from edge.types import Kind
from tests.collector_cabinet import Cabinet, crossing, summary
from tests.unit.test_site_plans import SHEET

#: Far more on Main Avenue (EB, WB) than its plan gives it time for.
VPH = {
    "NBL": 80, "NBT": 300, "NBR": 60, "NBU": 5, "SBL": 70, "SBT": 280, "SBR": 40,
    "EBL": 120, "EBT": 600, "EBR": 80, "WBL": 90, "WBT": 700, "WBR": 60,
}  # fmt: skip


def observed(vph: Mapping[str, int | None] = VPH) -> Observed:
    rows = [Counted(m, None, 3600.0, 0.0 if n is None else 3600.0, n, 0) for m, n in vph.items()]
    return Observed("a count", tuple(rows))


def advised(vph: Mapping[str, int | None] = VPH, wishes: Wishes | None = None, site: Site | None = None) -> Advice:
    return advise(site or load_site("example"), None, observed(vph), wishes or Wishes())


def csv_of(vph: Mapping[str, int | None], path: Path) -> Path:
    rows = [f"{movement},3600,{'' if count is None else count}" for movement, count in vph.items()]
    path.write_text("\n".join(["movement,interval_s,count", *rows, ""]), "utf-8")
    return path


def test_time_goes_where_the_traffic_is_and_delay_falls() -> None:
    site = load_site("example")
    advice = advised()
    assert advice.present is not None
    assert advice.proposed is not None
    before, after = advice.present.plan, advice.proposed.plan
    for phase in (2, 6):
        assert after.splits_s[phase] / after.cycle_s > before.splits_s[phase] / before.cycle_s
    assert advice.gain_vehh == pytest.approx(advice.present.delay_vehh - advice.proposed.delay_vehh)
    assert advice.proposed.delay_vehh < 0.5 * advice.present.delay_vehh
    # It goes through the parser and every check.
    assert checked(site, after).plan == after
    assert after.offset_s == before.offset_s


def test_flow_is_vehicles_over_the_time_that_was_seen() -> None:
    rows = (
        Counted("NBT", None, 900.0, 450.0, 50, 5),
        Counted("NBT", None, 900.0, 900.0, 40, None),
        Counted("NBT", None, 900.0, 0.0, None, None),
        Counted("SBT", None, 900.0, 200.0, 90, 0),
    )
    flows = advise(load_site("example"), None, Observed("x", rows), Wishes()).flows
    assert flows["NBT"].vph == pytest.approx(3600 * 90 / 1350)
    assert (flows["NBT"].vehicles, flows["NBT"].intervals, flows["NBT"].heavy_share) == (90, 2, 0.1)
    assert flows["SBT"].vph is None, "200 s are too short to know it"
    assert flows["EBT"].vph is None
    assert "P2" not in flows


def test_a_phase_with_an_unknown_movement_keeps_its_time() -> None:
    advice = advised(VPH | {"NBR": None})
    assert advice.kept == (8,)
    assert advice.present is not None
    assert advice.proposed is not None
    assert advice.present.figures["NBT", "NBR"] is None
    before, after = advice.present.plan, advice.proposed.plan
    assert after.splits_s[8] >= before.splits_s[8]
    assert after.splits_s[8] / after.cycle_s >= before.splits_s[8] / before.cycle_s
    assert any("phase 8 is kept" in note and "NBR is unknown" in note for note in advice.notes)


def test_nothing_known_of_a_movement_is_not_nobody_on_it() -> None:
    nobody, unknown = advised(VPH | {"SBL": 0}), advised(VPH | {"SBL": None})
    assert nobody.proposed is not None
    assert unknown.proposed is not None
    assert nobody.proposed.plan.splits_s[7] < 12
    assert unknown.proposed.plan.splits_s[7] >= 12


def test_a_site_without_plan_gets_one_but_not_for_unknown_movements() -> None:
    site = load_site("example").model_copy(update={"plan": None})
    advice = advised(site=site)
    assert advice.present is None
    assert advice.gain_vehh is None
    assert advice.proposed is not None
    assert checked(site, advice.proposed.plan).plan is advice.proposed.plan
    with pytest.raises(InputError, match="nothing is known of WBT, and site example has no plan"):
        advised(VPH | {"WBT": None}, site=site)


def test_a_good_plan_is_left_as_it_is() -> None:
    first = advised()
    assert first.proposed is not None
    site = load_site("example").model_copy(update={"plan": first.proposed.plan})
    second = advised(site=site)
    assert second.proposed is None
    assert "nothing better than the present plan was found: keep it" in second.notes


def test_flows_beyond_capacity_get_the_longest_cycle_and_a_word() -> None:
    advice = advised({movement: 3 * count for movement, count in VPH.items()})
    assert advice.webster_s is None
    assert any("timing alone will not mend this" in note for note in advice.notes)


def test_the_cycle_is_bounded_and_may_be_chosen() -> None:
    for wishes, cycle_s in ((Wishes(max_cycle_s=80), 80), (Wishes(cycle_s=72), 72)):
        advice = advised(wishes=wishes)
        assert advice.proposed is not None
        assert advice.proposed.plan.cycle_s <= cycle_s
    with pytest.raises(ConfigError, match="add up to 65 s, which does not fit into 60 s; raise --cycle"):
        advised(wishes=Wishes(cycle_s=60))


def test_a_coordinated_plan_keeps_its_cycle_and_its_extension(tmp_path: Path) -> None:
    (tmp_path / "sheet.toml").write_text(SHEET, "utf-8")
    site = load_site(tmp_path / "sheet.toml")
    advice = advise(site, "am-peak", observed(), Wishes())
    assert advice.proposed is not None
    plan = advice.proposed.plan
    assert (plan.cycle_s, plan.offset_s, plan.coordinated, plan.sequence) == (110, 40, (2, 6), site.plans[1].sequence)
    assert plan.permissive_s == {}
    assert {"is coordinated", "permissive_s is left out"} <= {
        part for note in advice.notes for part in ("is coordinated", "permissive_s is left out") if part in note
    }
    assert checked(site, plan).plans[1] == plan


@pytest.mark.parametrize("name", ["am-peak", "day"])
def test_what_it_writes_takes_the_place_of_the_plan(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, counts, written, drawn = (tmp_path / n for n in ("sheet.toml", "counts.csv", "plan.toml", "plan.svg"))
    sheet.write_text(SHEET, "utf-8")
    csv_of(VPH, counts)
    command = ["site", "advise", str(sheet), str(counts), "--plan", name, "--write", str(written)]
    assert main([*command, "--picture", str(drawn)]) == 0
    told = capsys.readouterr().out
    assert "saves" in told
    assert "2485 vehicles on 13 of 13 movements in 1 interval, 60 min seen" in told
    blocks = SHEET.split("[[plans]]\n")
    place = 1 + ["day", "am-peak"].index(name)
    tail = blocks[place].partition("[[schedule]]")
    blocks[place] = written.read_text("utf-8").partition("[[plans]]\n")[2] + "".join(tail[1:])
    sheet.write_text("[[plans]]\n".join(blocks), "utf-8")
    assert main(["site", "validate", str(sheet)]) == 0
    assert main(["site", "plan", str(sheet), "--date", "2026-11-23"]) == 0
    assert main(["site", "advise", str(sheet), str(counts), "--plan", name]) == 0
    assert "nothing better than the present plan was found" in capsys.readouterr().out
    assert "plan 2 am-peak, present" in drawn.read_text("utf-8") or "plan 1 day, present" in drawn.read_text("utf-8")


def test_as_json_unknown_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = csv_of(VPH | {"NBR": None}, tmp_path / "counts.csv")
    assert main(["site", "advise", "example", str(counts), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flows"]["NBR"]["vph"] is None
    group = next(group for group in told["groups"] if group["movements"] == ["NBT", "NBR"])
    assert (group["vph"], group["present"], group["proposed"]) == (None, None, None)
    assert told["gain_percent"] == pytest.approx(100 * told["gain_vehh"] / told["present"]["delay_vehh"])


COUNTS = (
    "interval_start_s,interval_start_utc,interval_s,movement,direction,class,count,known_s\n"
    "0.000,2026-11-23T13:00:00.000Z,900.000,{movement},,car,{cars},900.000\n"
    "0.000,2026-11-23T13:00:00.000Z,900.000,{movement},,truck,{trucks},900.000\n"
    "900.000,2026-11-23T20:00:00.000Z,900.000,{movement},,car,,0.000\n"
)


def test_a_replays_folder_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "counts.csv").write_text(COUNTS.format(movement="NBT", cars=90, trucks=10), "utf-8")
    assert main(["site", "advise", "example", str(tmp_path), "--json"]) == 0
    flow = json.loads(capsys.readouterr().out)["flows"]["NBT"]
    assert (flow["vehicles"], flow["known_s"], flow["vph"], flow["heavy_share"]) == (100, 900, 400, 0.1)


def test_headways_of_a_replay_make_its_saturation_flow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "counts.csv").write_text(COUNTS.format(movement="SBL", cars=90, trucks=10), "utf-8")
    queue = ["SB1,30.0,12.0", *("SB1,2.500,12.0" for _ in range(9)), "SB1,2.0,0.0", "SB1,,"]
    (tmp_path / "crossings.csv").write_text("\n".join(["lane,headway_s,waited_s", *queue * 15, ""]), "utf-8")
    assert main(["site", "advise", "example", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "1440m" in told, "3600 / 2.5"
    assert "measured (m) where 15 long queues left: SBL 2.50 s of 90" in told


def test_only_the_hours_of_the_plan_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, counts = tmp_path / "sheet.toml", tmp_path / "counts.csv"
    sheet.write_text(SHEET, "utf-8")
    # 07:00 and 14:00 in Chicago on a Monday: am-peak, then day.
    rows = ["2026-11-23T13:00:00Z,900,NBT,100", "2026-11-23T20:00:00Z,900,NBT,50"]
    counts.write_text("\n".join(["interval_start_utc,interval_s,movement,count", *rows, ""]), "utf-8")
    for plan, vehicles in (("am-peak", 100), ("day", 50)):
        assert main(["site", "advise", str(sheet), str(counts), "--plan", plan, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["flows"]["NBT"]["vehicles"] == vehicles
    assert main(["site", "advise", str(sheet), str(counts), "--from", "2026-11-23T15:00"]) == 65
    assert "nothing was counted in the time asked for while plan day runs" in capsys.readouterr().err


MINUTES, MINUTE = 20, 60


def test_an_outbox_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = ReplayClock(round(datetime(2026, 11, 23, 13, tzinfo=UTC).timestamp()) * NS_PER_S)
    path = tmp_path / "outbox.db"
    with Outbox(path, identity=NodeIdentity("town", "example", "cabinet"), clock=clock) as outbox:
        for i in range(MINUTES):
            clock.advance_to((i + 1) * MINUTE * NS_PER_S)
            outbox.append(summary({"NBT": {Kind.CAR: 5, Kind.BUS: 1}, "SBT": None}), clock.now_ns())
    assert main(["site", "advise", "example", str(path), "--json"]) == 0
    flows = json.loads(capsys.readouterr().out)["flows"]
    assert flows["NBT"]["vph"] == 360
    assert flows["NBT"]["heavy_share"] == pytest.approx(1 / 6)
    assert flows["SBT"]["vph"] is None
    assert main(["site", "advise", "demo", str(path)]) == 65
    assert "is the outbox of site example, not of demo" in capsys.readouterr().err


def test_the_offices_database_is_read_and_left_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "town.sqlite"
    database = open_database(str(path))
    cabinet = Cabinet("example")
    bodies = [summary({"NBT": {Kind.CAR: 5}, "SBT": None}) for _ in range(MINUTES)]
    store = Store(database.writer, ReplayClock(0))
    store.ingest([cabinet.status("online", ["NBT", "SBT"], ["nb1"])])
    store.ingest([cabinet.record(body, MINUTE * (i + 1)) for i, body in enumerate(bodies)])
    # Counts are of crossings: without one, these twenty minutes were seen and empty.
    assert main(["site", "advise", "example", str(path)]) == 65
    assert "no vehicle of a movement of site example" in capsys.readouterr().err
    store.ingest([cabinet.record(crossing("NBT", Kind.TRUCK if i < 10 else Kind.CAR), 10 * i) for i in range(100)])
    database.close()
    before = path.read_bytes()
    assert main(["site", "advise", "example", str(path), "--json"]) == 0
    flows = json.loads(capsys.readouterr().out)["flows"]
    assert flows["NBT"]["vph"] == pytest.approx(300)
    assert flows["NBT"]["heavy_share"] == pytest.approx(0.1)
    assert flows["SBT"]["vph"] is None
    assert path.read_bytes() == before
    assert main(["site", "advise", "demo", str(path)]) == 65
    assert "no site demo has sent anything there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("movement,count\nNBT,1\n", "has no column 'interval_s'"),
        ("movement,interval_s,count\n", "has no rows"),
        ("movement,interval_s,count\nNBT,900,1.5\n", "line 2: count is '1.5'"),
        ("movement,interval_s,count\nNBT,900,many\n", "line 2: count is 'many'"),
        ("movement,interval_s,count\nNBT,0,7\n", "line 2: interval_s is '0'"),
        ("movement,interval_s,count,class\nNBT,900,7,tram\n", "line 2: class is 'tram'"),
        ("movement,interval_s,count\nNBT,900\n", "line 2: has another number of cells"),
        ("movement,interval_s,count\nXXT,900,7\n", "no vehicle of a movement of site example"),
        ("movement,interval_s,count,interval_start_utc\nNBT,900,7,noon\n", "interval_start_utc is 'noon'"),
    ],
)
def test_counts_that_cannot_be_used_are_refused(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text, "utf-8")
    assert main(["site", "advise", "example", str(path)]) == 65
    assert told in capsys.readouterr().err


def test_what_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = csv_of(VPH, tmp_path / "counts.csv")
    refusals = [
        (["example", str(tmp_path / "none.csv")], 65, "cannot be read"),
        (["example", str(tmp_path)], 0, ""),
        (["example", str(counts), "--plan", "night"], 78, "there is no plan 'night'; choose one of: day"),
        (["example", str(counts), "--from", "2026-11-23T06:00"], 65, "tells no time of day"),
        (["example", str(counts), "--from", "dawn"], 2, "'dawn' is not a time"),
        (["625_201709141107", str(counts)], 78, "has no [signal]"),
    ]
    for words, code, told in refusals:
        assert main(["site", "advise", *words]) == code
        assert told in capsys.readouterr().err


def test_unknown_stays_out_of_the_sums() -> None:
    known, less = advised(), advised(VPH | {"WBT": None})
    assert known.present is not None
    assert less.present is not None
    one = known.present.figures["WBT", "WBR"]
    assert one is not None
    missing = (VPH["WBT"] + VPH["WBR"]) * one.delay_s / 3600
    assert less.present.delay_vehh == pytest.approx(known.present.delay_vehh - missing)
    assert replace(known, proposed=None).gain_vehh is None
