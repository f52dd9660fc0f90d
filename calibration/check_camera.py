"""Cameras: whether the pairs determine the ground plane, and how well they agree."""

from __future__ import annotations

from collections.abc import Mapping

from calibration.finding import At, Finding, error, warning
from calibration.geometry import GroundPlane
from calibration.site import Camera, Site

Planes = Mapping[str, GroundPlane]


def check_cameras(site: Site, at: At) -> tuple[Planes, tuple[Finding, ...]]:
    """The ground plane of each camera that has one, and what is wrong with the pairs."""
    planes: dict[str, GroundPlane] = {}
    findings: list[Finding] = []
    for i, camera in enumerate(site.cameras):
        findings += _outside(camera, i, at)
        try:
            plane = GroundPlane.fit(camera.homography)
        except ValueError as wrong:
            fix = "take pairs from the corners of the road you see, no three on one line"
            findings.append(error(at("cameras", i, "homography", "pairs"), str(wrong), fix))
            continue
        planes[camera.id] = plane
        findings += _fit(camera, i, plane, at)
        if not any(lane.camera == camera.id for lane in site.lanes):
            findings.append(warning(at("cameras", i), "no lane is seen by it", "remove it, or add its lanes"))
    return planes, tuple(findings)


def _fit(camera: Camera, i: int, plane: GroundPlane, at: At) -> list[Finding]:
    homography = camera.homography
    if plane.worst_error_m > homography.max_error_m:
        worst = int(plane.errors_m.argmax())
        pair = homography.pairs[worst]
        return [
            error(
                at("cameras", i, "homography", "pairs"),
                f"pair {worst + 1} ({pair.px[0]:g}, {pair.px[1]:g} px is {pair.m[0]:g}, {pair.m[1]:g} m) is off by "
                f"{plane.worst_error_m:.2f} m, more than max_error_m = {homography.max_error_m:g}",
                "measure it again, and its neighbours, or raise max_error_m if that is good enough",
            )
        ]
    if len(homography.pairs) == 4:
        return [
            warning(
                at("cameras", i, "homography", "pairs"),
                "four pairs always fit, so a mistake in one cannot be noticed",
                "add a fifth",
            )
        ]
    return []


def _outside(camera: Camera, i: int, at: At) -> list[Finding]:
    width, height = camera.size_px
    return [
        warning(
            at("cameras", i, "homography", "pairs", j, "px"),
            f"{pair.px[0]:g}, {pair.px[1]:g} lies outside the {width}×{height} picture",
            "check it, since nobody can have pointed at it there",
        )
        for j, pair in enumerate(camera.homography.pairs)
        if not (0 <= pair.px[0] <= width and 0 <= pair.px[1] <= height)
    ]
