"""The run on a page of this machine: what each camera sees and makes of it, the lamps, the lanes, the reason.

A page of its own thread on the loopback address; nothing is sent unless somebody looks.
Pictures are MJPEG, figures a JSON object that the page asks for twice a second.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2

from calibration.site import Site
from edge.errors import NetworkError
from edge.frames import ImageBGR
from edge.replay.annotate import Annotator
from edge.types import PhaseRequest, SignalState
from sim_videos.simulate.eyes import Look
from sim_videos.state import WorldFrame

_PAGE = Path(__file__).with_name("show.html")
_BOUNDARY = "frame"
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]
#: A picture that does not come is waited for this long before the connection is looked at again.
_WAIT_S = 1.0


class Shown:
    """The newest picture of each camera and the newest figures, for whoever looks."""

    def __init__(self, cameras: tuple[str, ...]) -> None:
        self.cameras = cameras
        self._changed = threading.Condition()
        self._pictures: dict[str, tuple[int, ImageBGR]] = {}
        self._figures: Mapping[str, Any] = {}
        self._looking = 0
        self._closed = False

    @property
    def looked_at(self) -> bool:
        """Whether anybody has a stream open, so that drawing is worth its time."""
        with self._changed:
            return self._looking > 0

    @property
    def closed(self) -> bool:
        """Whether the run is over."""
        with self._changed:
            return self._closed

    def put(self, figures: Mapping[str, Any], pictures: Mapping[str, ImageBGR]) -> None:
        """Show these from now on."""
        with self._changed:
            self._figures = figures
            for camera, picture in pictures.items():
                number = self._pictures[camera][0] + 1 if camera in self._pictures else 1
                self._pictures[camera] = (number, picture)
            self._changed.notify_all()

    def figures(self) -> Mapping[str, Any]:
        """The newest figures."""
        with self._changed:
            return self._figures

    def picture(self, camera: str, after: int) -> tuple[int, ImageBGR] | None:
        """The newest picture if it is another than number `after`; None where none came for a second."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._newer(camera, after), _WAIT_S)
            return self._pictures[camera] if self._newer(camera, after) else None

    def begin_looking(self) -> None:
        """Somebody opens a stream."""
        with self._changed:
            self._looking += 1

    def end_looking(self) -> None:
        """Somebody closes a stream."""
        with self._changed:
            self._looking -= 1

    def close(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _newer(self, camera: str, after: int) -> bool:
        return camera in self._pictures and self._pictures[camera][0] > after


class ShowServer:
    """Serves the page at `address`. A context manager; leaving it ends the page.

    NetworkError where the port is taken.
    """

    def __init__(self, shown: Shown, port: int = 0) -> None:
        self._shown = shown

        class Handler(_Handler):
            page_of = shown

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise NetworkError(f"port {port} of this machine is taken; choose another --port") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="show", daemon=True)

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT/`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ShowWatcher:
    """Implements `Watcher`: draws what the cameras made of the street while somebody looks."""

    def __init__(self, shown: Shown, site: Site, title: str) -> None:
        self._shown = shown
        self._title = title
        self._annotators = {camera.id: Annotator(site, camera) for camera in site.cameras}
        self._counted = 0
        self._reason = ""

    def on_control(self, request: PhaseRequest, state: SignalState, changed: bool) -> None:  # noqa: ARG002
        """The reason of the newest step."""
        self._reason = request.reason

    def on_frame(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> None:
        """Draw, if it is worth it."""
        self._counted += sum(len(result.crossings) for look in looks for result in look.results)
        pictures = {}
        if self._shown.looked_at:
            for look in looks:
                if look.frame is not None and look.results:
                    pictures[look.camera] = self._annotators[look.camera].draw(look.frame, look.results[-1], state)
        self._shown.put(self._figures(world, looks, state), pictures)

    def _figures(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> Mapping[str, Any]:
        lanes = [
            {
                "lane": lane.lane,
                "presence": lane.presence,
                "queue": lane.queue.vehicles,
                "vehicles": lane.vehicles,
            }
            for look in looks
            for result in look.results[-1:]
            for lane in result.lanes
        ]
        return {
            "title": self._title,
            "t_s": round(world.t_s, 1),
            "users": len(world.users),
            "counted": self._counted,
            "reason": self._reason,
            "phases": {} if state is None else {str(p): shown.value for p, shown in sorted(state.intervals.items())},
            "lanes": lanes,
            "incidents": [one.kind.value.replace("_", " ") for one in world.incidents],
        }


class _Handler(BaseHTTPRequestHandler):
    """The page, its figures, and one stream a camera."""

    page_of: Shown
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            cameras = json.dumps(self.page_of.cameras)
            text = _PAGE.read_text(encoding="utf-8").replace('["CAMERAS"]', cameras)
            self._send("text/html; charset=utf-8", text.encode())
        elif path == "/figures.json":
            self._send("application/json", json.dumps(self.page_of.figures()).encode())
        elif path.startswith("/camera/") and path.removeprefix("/camera/") in self.page_of.cameras:
            self._stream(path.removeprefix("/camera/"))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so by the base class
        """Say nothing: stderr belongs to the progress bar."""

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, camera: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        shown, number = self.page_of, 0
        shown.begin_looking()
        try:
            while not shown.closed:
                newer = shown.picture(camera, number)
                if newer is None:
                    continue
                number, picture = newer
                _, encoded = cv2.imencode(".jpg", picture, _JPEG)
                body = encoded.tobytes()
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                self.wfile.write(head.encode() + body + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            shown.end_looking()
