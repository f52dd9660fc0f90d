"""`stopline site`: is a site description sound, does it fit its picture, what do its plans do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from calibration.draw import draw_site
from calibration.finding import Finding, error
from calibration.geometry import GroundPlane
from calibration.load import find_site, load_site, read_site
from calibration.plans import plans_of
from calibration.site import Camera, Site
from edge.cli import site_advise, site_plan
from edge.cli.examples import examples
from edge.errors import SiteError, StorageError
from edge.vision.still import read_still

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check and draw site descriptions and plans.")

_File = Annotated[str, typer.Argument(metavar="FILE", help="A site's .toml file, or the name of one that comes along.")]


@app.command(epilog=examples("stopline site validate junction.toml", "stopline site validate example --json"))
def validate(
    file: _File,
    as_json: Annotated[bool, typer.Option("--json", help="Findings and summary as one JSON object.")] = False,
) -> None:
    """Check a site description: every fault with file, key, value and fix.

    Leaves with 0 when the site can be served (warnings are printed and pass), else 78.
    """
    path = Path(file)
    site: Site | None = None
    try:
        path = find_site(file)
        site, findings = read_site(path)
    except SiteError as unreadable:
        if not as_json:
            raise
        findings = (error("the file", str(unreadable), "correct it"),)
    served = site is not None and all(finding.severity != "error" for finding in findings)
    if as_json:
        summary = None if site is None or not served else _summary(site)
        found = [asdict(finding) for finding in findings]
        print(json.dumps({"file": str(path), "ok": served, "findings": found, "summary": summary}, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{path}: {finding.severity}: {finding.sentence()}")
        if site is not None and served:
            print(_spoken(path, site))
    if not served:
        raise SiteError(_verdict(path, findings))


@app.command(
    epilog=examples(
        "stopline site show junction.toml --video junction.mp4 -o junction.png",
        "stopline site show example --video example.jpg --camera mast -o example.png",
    )
)
def show(
    file: _File,
    video: Annotated[Path, typer.Option(help="Recording of the camera, or a PNG or JPEG picture of it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The PNG file to write.")],
    frame: Annotated[int, typer.Option(min=0, help="Which frame of the recording, counted from 0.")] = 0,
    camera: Annotated[str | None, typer.Option(help="Which camera of the site; needed where it has several.")] = None,
) -> None:
    """Draw a site over a frame: lanes, stop lines, gates, movements, phases, a 10 m grid.

    A picture of another size than the camera's is refused with 65.
    """
    site = load_site(file)
    chosen = _camera(site, camera, file)
    image = read_still(video, frame, chosen.id, chosen.size_px)
    _write(out, draw_site(image, site, chosen.id))
    print(f"{out}: {site.id} as camera {chosen.id} sees it")


app.command(
    epilog=examples(
        "stopline site plan junction.toml --date 2026-12-25", "stopline site plan example --picture example.svg"
    )
)(site_plan.plan)
app.command(
    "advise",
    epilog=examples(
        "stopline site advise junction.toml out/junction --picture advice.svg",
        "stopline site advise junction.toml town.sqlite --plan am-peak --write am-peak.toml",
    ),
)(site_advise.site_advise)


def _verdict(path: Path, findings: tuple[Finding, ...]) -> str:
    faults = sum(finding.severity == "error" for finding in findings)
    return f"{path}: {_count(faults, 'error')}, {_count(len(findings) - faults, 'warning')}: not served until mended"


def _summary(site: Site) -> dict[str, object]:
    planes = {camera.id: GroundPlane.fit(camera.homography) for camera in site.cameras}
    return {
        "id": site.id,
        "name": site.name,
        "cameras": {
            name: {"reprojection_error_m": round(plane.error_m, 4), "worst_error_m": round(plane.worst_error_m, 4)}
            for name, plane in planes.items()
        },
        "approaches": [approach.id for approach in site.approaches],
        "lanes": [lane.id for lane in site.lanes],
        "movements": [movement.id for movement in site.movements],
        "phases": [] if site.signal is None else [phase.number for phase in site.signal.phases],
        "plan": None if site.plan is None else site.plan.name,
        "plans": [plan.name for plan in plans_of(site)],
    }


def _spoken(path: Path, site: Site) -> str:
    """What the site holds, in one line."""
    worst = max((GroundPlane.fit(camera.homography) for camera in site.cameras), key=lambda plane: plane.worst_error_m)
    signal = "no signal" if site.signal is None else _count(len(site.signal.phases), "phase")
    plans = plans_of(site)
    one = f"plan {plans[0].name} of {plans[0].cycle_s:g} s" if len(plans) == 1 else f"{len(plans)} plans"
    plan = f", {one}" if plans else ""
    return (
        f"{path}: good: {_count(len(site.cameras), 'camera')}, {_count(len(site.lanes), 'lane')}, "
        f"{_count(len(site.movements), 'movement')}, {signal}{plan}; "
        f"reprojection error {worst.error_m:.3f} m, worst pair {worst.worst_error_m:.3f} m"
    )


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _camera(site: Site, wanted: str | None, file: str) -> Camera:
    names = ", ".join(camera.id for camera in site.cameras)
    if wanted is None and len(site.cameras) == 1:
        return site.cameras[0]
    if wanted is None:
        raise SiteError(f"{file}: has several cameras; choose one with --camera: {names}")
    for camera in site.cameras:
        if camera.id == wanted:
            return camera
    raise SiteError(f"{file}: there is no camera '{wanted}'; choose one of {names}")


def _write(path: Path, image: object) -> None:
    import cv2
    import numpy as np

    encoded = cv2.imencode(".png", np.asarray(image))[1].tobytes()
    try:
        path.write_bytes(encoded)
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        raise StorageError(f"{path}: cannot be written ({reason}); choose a folder that exists and has room") from wrong
