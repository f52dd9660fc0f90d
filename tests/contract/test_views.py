"""Every way from a camera's view to control: what arrives is what was sent, newest first, and nobody waits."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.bus import RecordedViews, ViewPublisher, Views, ViewSubscriber, decode, encode
from edge.clock import NS_PER_S
from edge.control.around import Around
from edge.control.demand import DemandBuilder
from edge.control.junction import Passed
from edge.control.tally import Count, Tally
from edge.control.view import InBox, View
from edge.errors import ConfigError, InputError, ProtocolError
from edge.types import Sight
from tests.junction import junction, lane
from tests.mqtt import wait_until

SITE = junction()


def view(
    t_s: float, camera: str = "north", *, queue: int = 3, ok: bool = True, gone: int | None = None, since_s: float = 0
) -> View:
    """gone: vehicles counted since since_s, one a second up to t_s; None from a camera that counts nothing."""
    name, movement = {"north": ("nb1", "NBT"), "east": ("eb1", "EBT")}[camera]
    sight = Sight(round(t_s * NS_PER_S), camera, ok, None if ok else "dark")
    tally = None
    if gone is not None:
        counts = (Count(name, movement, gone, sight.t_ns),) if gone else ()
        tally = Tally(round(since_s * NS_PER_S), counts)
    if not ok:
        return View(sight, (), {}, tally)
    state = lane(t_s, name, presence=True, queue=queue, wait_s=12.5)
    box = None if gone is None else {name: InBox(2, 1)}
    return View(sight, (state,), {name: ((4.0, 2.5), (31.25, 13.0))}, tally, box)


@dataclass
class Way:
    """Sends views of both cameras one way; `got` is what has come out at the other end until now."""

    send: Callable[[View], None]
    open: Callable[[], Views]


@pytest.fixture(params=["ipc", "file"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with tempfile.TemporaryDirectory(prefix="sl-") as name:
        folder = Path(name)
        opened: list[ViewPublisher | Views] = []
        if request.param == "file":
            lines = folder / "views.jsonl"
            lines.touch()

            def write(one: View) -> None:
                with lines.open("ab") as file:
                    file.write(encode(one) + b"\n")

            yield Way(write, lambda: RecordedViews(lines))
            return
        publishers = {camera: ViewPublisher(folder, camera) for camera in ("north", "east")}
        opened += publishers.values()
        subscriber = ViewSubscriber(folder, ["north", "east"])
        opened.append(subscriber)
        # A publisher does not wait for who listens, so what is sent before that is lost.
        heard: set[str] = set()

        def both() -> bool:
            for camera, publisher in publishers.items():
                publisher.publish(view(0, camera, queue=0))
            heard.update(one.sight.camera for one in subscriber.latest(0))
            return len(heard) == 2

        wait_until(both, "both cameras are heard")
        yield Way(lambda one: publishers[one.sight.camera].publish(one), lambda: subscriber)
        for one in opened:
            one.close()


def test_what_arrives_is_what_was_sent(way: Way) -> None:
    sent = [view(1, gone=7), view(1, "east", queue=5)]
    for one in sent:
        way.send(one)
    views, got = way.open(), {}

    def arrived() -> bool:
        got.update({one.sight.camera: one for one in views.latest(sent[0].sight.t_ns) if one.sight.t_ns})
        return len(got) == 2

    wait_until(arrived, "two views")
    assert got == {"north": sent[0], "east": sent[1]}


def test_only_the_newest_of_each_camera_comes(way: Way) -> None:
    for tenth in range(10, 31):
        way.send(view(tenth / 10, queue=tenth))
    views = way.open()
    last: list[View] = []

    def arrived() -> bool:
        # What is left of how the way was opened may come in between.
        last.extend(one for one in views.latest(round((1.0 + 2.0 * bool(last)) * NS_PER_S)) if one.sight.t_ns)
        if last and last[-1].lanes[0].queue.vehicles != 30:
            # ZeroMQ drops a view that comes while the one before is being read: the camera's next one replaces it.
            way.send(view(3.0, queue=30))
        return bool(last) and last[-1].lanes[0].queue.vehicles == 30

    wait_until(arrived, "the last view")
    assert len(last) <= 5, "most of the 21 are dropped on the way, or passed over"


def test_views_that_are_lost_lose_no_vehicle(way: Way) -> None:
    around, passed = Around(SITE.lanes, SITE.movements), list[Passed]()
    around.known(0)
    for second in range(31):
        way.send(view(second, gone=second))
    views = way.open()
    views.latest(0)

    def arrived() -> bool:
        for one in views.latest(100 * NS_PER_S):
            if one.sight.t_ns:
                around.take(one)
        passed.extend(around.known(30 * NS_PER_S).passed or ())
        if len(passed) < 30:
            # The camera's next frame, in which nobody else has left.
            way.send(view(30, gone=30))
        return len(passed) >= 30

    wait_until(arrived, "thirty vehicles")
    assert len(passed) == 30
    assert {(one.lane, one.phase) for one in passed} == {("nb1", 2)}


def test_a_camera_that_begins_again_counts_from_nothing() -> None:
    around = Around(SITE.lanes, SITE.movements)
    around.take(decode(encode(view(100, gone=500, since_s=10))))
    assert around.known(100 * NS_PER_S).passed == (), "nobody listened when those passed"
    around.take(decode(encode(view(101, gone=503, since_s=10))))
    assert len(around.known(101 * NS_PER_S).passed or ()) == 3
    around.take(decode(encode(view(130, gone=2, since_s=120))))
    assert len(around.known(130 * NS_PER_S).passed or ()) == 2, "another process, and no negative count"
    around.take(decode(encode(view(131, gone=2, since_s=120))))
    assert around.known(131 * NS_PER_S).passed == ()


def test_a_line_of_a_camera_that_counts_nothing_tells_of_nobody() -> None:
    line = b'{"sight":{"t_ns":1000000000,"camera":"north","ok":true,"reason":null},"lanes":[],"arrivals":{}}'
    old = decode(line)
    assert (old.tally, old.box) == (None, None)
    around = Around(SITE.lanes, SITE.movements)
    around.take(old)
    known = around.known(NS_PER_S)
    assert (known.passed, known.box, known.stands) == (None, None, None)
    assert known.unwatched == {"nb1", "eb1"}
    with pytest.raises(ProtocolError, match=r"view refused: tally\.since_ns: Field required"):
        decode(line.replace(b'"arrivals":{}', b'"arrivals":{},"tally":{}'))


def test_demand_of_another_process_is_that_of_this_one(way: Way) -> None:
    here, there = DemandBuilder(SITE.lanes, {}), DemandBuilder(SITE.lanes, {})
    sent = [view(1), view(1, "east", ok=False)]
    for one in sent:
        here.take(one)
        way.send(one)
    views, got = way.open(), set()

    def arrived() -> bool:
        for one in views.latest(NS_PER_S):
            if one.sight.t_ns:
                there.take(one)
                got.add(one.sight.camera)
        return len(got) == 2

    wait_until(arrived, "two views")
    assert there.demand(2 * NS_PER_S) == here.demand(2 * NS_PER_S)
    assert there.demand(2 * NS_PER_S).lanes["nb1"].arrivals == ((4.0, 2.5), (31.25, 13.0))
    assert there.demand(4 * NS_PER_S).lanes["nb1"].presence is None, "a camera that says nothing more goes stale"


def test_a_camera_that_is_killed_and_comes_back() -> None:
    code = (
        "import sys; from pathlib import Path; from edge.bus import ViewPublisher, decode\n"
        "from edge.clock import SystemClock\n"
        "clock = SystemClock(); one = ViewPublisher(Path(sys.argv[1]), 'north'); line = decode(sys.argv[2])\n"
        "while True:\n    one.publish(line); clock.sleep_until(clock.now_ns() + 20_000_000)\n"
    )
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        subscriber = ViewSubscriber(Path(folder), ["north", "east"])
        for queue in (1, 2):
            line = encode(view(1, queue=queue)).decode()
            camera = subprocess.Popen([sys.executable, "-c", code, folder, line])

            def came(wanted: int = queue) -> bool:
                return any(one.lanes[0].queue.vehicles == wanted for one in subscriber.latest(0))

            wait_until(came, f"view {queue}")
            camera.kill()
            camera.wait()
        subscriber.latest(0)
        assert subscriber.latest(0) == []
        subscriber.close()


def test_what_is_no_view_of_the_camera_is_dropped_and_counted() -> None:
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        publisher, subscriber = ViewPublisher(Path(folder), "north"), ViewSubscriber(Path(folder), ["north"])

        def refused() -> bool:
            publisher.publish(view(1, "east"))
            return subscriber.latest(0) == [] and subscriber.refused > 0

        wait_until(refused, "a refusal")
        publisher.close()
        subscriber.close()


def test_lines_that_are_no_views_are_refused_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"view refused: sight\.ok"):
        decode(encode(view(1)).replace(b'"ok":true', b'"ok":"perhaps"'))
    path = tmp_path / "views.jsonl"
    path.write_bytes(encode(view(1)) + b"\n{}\n")
    with pytest.raises(InputError, match=r"views\.jsonl, line 2: view refused: sight: Field required"):
        RecordedViews(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="has no view"):
        RecordedViews(path)
    with pytest.raises(InputError, match="cannot be read"):
        RecordedViews(tmp_path / "none.jsonl")


def test_a_folder_whose_name_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="longer than 107 bytes"):
        ViewSubscriber(tmp_path / ("x" * 100), ["north"])
