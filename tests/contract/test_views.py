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
from edge.control.demand import DemandBuilder, View
from edge.errors import ConfigError, InputError, ProtocolError
from edge.types import Sight
from tests.junction import junction, lane
from tests.mqtt import wait_until

SITE = junction()


def view(t_s: float, camera: str = "north", *, queue: int = 3, ok: bool = True) -> View:
    name = {"north": "nb1", "east": "eb1"}[camera]
    sight = Sight(round(t_s * NS_PER_S), camera, ok, None if ok else "dark")
    if not ok:
        return View(sight, (), {})
    state = lane(t_s, name, presence=True, queue=queue, wait_s=12.5)
    return View(sight, (state,), {name: ((4.0, 2.5), (31.25, 13.0))})


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
    sent = [view(1), view(1, "east", queue=5)]
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
    # Through a socket the last of them may be there already.
    last = list(views.latest(round(1.0 * NS_PER_S)))

    def arrived() -> bool:
        if not any(one.lanes[0].queue.vehicles == 30 for one in last):
            last.extend(views.latest(round(3.0 * NS_PER_S)))
        return bool(last) and last[-1].lanes[0].queue.vehicles == 30

    wait_until(arrived, "the last view")
    assert len(last) <= 5, "most of the 21 are dropped on the way, or passed over"
    assert views.latest(round(3.0 * NS_PER_S)) == []


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
