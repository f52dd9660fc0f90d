"""Reads a site description from its TOML file, or says what is wrong with it."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from calibration.check import check_site
from calibration.explain import explain
from calibration.finding import Finding
from calibration.site import Site
from edge.errors import SiteError

#: Where the site descriptions that come with Stopline are.
SITES_DIR = Path(__file__).parent / "sites"


def load_site(source: str | Path) -> Site:
    """The site in a TOML file, or by the name of one in `calibration/sites`.

    Raises SiteError: one line for each fault, with file, key, value and fix. Doubts
    (warnings) pass; `stopline site validate` shows them.
    """
    path = find_site(source)
    site, findings = read_site(path)
    refuse(path, findings)
    if site is None:
        raise SiteError(f"{path}: cannot be read as a site description")
    return site


def refuse(path: Path, findings: tuple[Finding, ...]) -> None:
    """Raise SiteError when a finding is an error."""
    faults = [finding for finding in findings if finding.severity == "error"]
    if faults:
        # Whole sentences, so that they can be read when a log runs the lines together.
        end = "." if len(faults) > 1 else ""
        raise SiteError("\n".join(f"{path}: {fault.sentence()}{end}" for fault in faults))


def find_site(source: str | Path) -> Path:
    """The file of a site given by path or by name; SiteError where there is none."""
    path = Path(source)
    if path.is_file():
        return path
    named = SITES_DIR / f"{source}.toml"
    if path.suffix != ".toml" and len(path.parts) == 1 and named.is_file():
        return named
    if path.is_dir():
        raise SiteError(f"{path}: is a folder; name the site's .toml file")
    known = sorted(file.stem for file in SITES_DIR.glob("*.toml"))
    near = difflib.get_close_matches(path.stem, known, n=1)
    advice = f"did you mean '{near[0]}'?" if near else f"give a .toml file, or one of {', '.join(known) or 'no sites'}"
    raise SiteError(f"{path}: there is no such site; {advice}")


def read_site(path: Path) -> tuple[Site | None, tuple[Finding, ...]]:
    """The site and everything found about it; the site is None when its keys or values are wrong.

    Raises SiteError when the file cannot be read at all.
    """
    data = _read_toml(path)
    try:
        # By way of JSON, since pydantic is strict there about text in a number's place
        # and yet takes lists for tuples and text for enumerations.
        site = Site.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as refused:
        return None, explain(refused, data)
    return site, check_site(site)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as wrong:
        raise SiteError(f"{path}: is not text in UTF-8; save it as UTF-8") from wrong
    except OSError as wrong:
        raise SiteError(f"{path}: cannot be read ({wrong.strerror}); check the name and its permissions") from wrong
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise SiteError(f"{path}: is not valid TOML: {wrong}; correct the line") from wrong
