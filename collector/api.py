"""The HTTP API: reads only, answers JSON, says in one sentence why it cannot.

`/api/openapi.json` describes it. There is no documentation page, since the usual one
loads its scripts from the internet.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException

from collector.answers import CollectorHealth, Control, Counts, Crossings, Health, Incidents, Problem, Queues, Sites
from collector.ingest import IngestState
from collector.queries import Queries, SiteRef, UnknownSiteError
from edge.clock import NS_PER_S, wall_ns_of
from edge.errors import InputError, StorageError

#: Most intervals in one answer, and the longest time it may span.
MAX_INTERVALS = 3000
MAX_SPAN_S = 31 * 86_400
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_HOUR_NS = 3600 * NS_PER_S

# The page needs inline scripts and styles, and Vue compiles templates; but nothing
# may come from, or go to, any host except this one.
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; frame-ancestors 'self'"
)

SiteName = Annotated[
    str,
    Query(
        description="`site`, or `org/site` where two organisations have one of that name",
        pattern=r"^([a-z0-9][a-z0-9_-]{0,62}/)?[a-z0-9][a-z0-9_-]{0,62}$",
        examples=["main-and-first"],
    ),
]
_PROBLEMS: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "No such site"},
    422: {"model": Problem, "description": "A parameter cannot be understood"},
    503: {"model": Problem, "description": "The database cannot be read"},
}


def create_api(queries: Queries, health_now: Callable[[], CollectorHealth]) -> FastAPI:
    """The API as an application; `health_now` tells how the collector itself is."""
    app = FastAPI(
        title="Stopline collector",
        version=version("stopline"),
        summary="Counts, queues and health of signalised intersections.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    _explain_errors(app)
    app.middleware("http")(_keep_to_ourselves)

    @app.get("/api/v1/sites")
    def sites() -> Sites:
        """Every site that ever sent anything."""
        return Sites(sites=queries.sites())

    @app.get("/api/v1/counts", responses=_PROBLEMS)
    def counts(
        site: SiteName,
        from_: Annotated[AwareDatetime | None, Query(alias="from", description="default: an hour before `to`")] = None,
        to: Annotated[AwareDatetime | None, Query(description="default: the site's latest record")] = None,
        interval: Annotated[
            str, Query(pattern=r"^[0-9]{1,5}[smhd]?$", description="seconds, or for example 5m, 1h")
        ] = "1m",
    ) -> Counts:
        """Road users by movement, kind and interval. Unknown is null, never 0.

        The answer covers whole intervals, counted from midnight UTC.
        """
        ref = queries.site(site)
        interval_s = _interval_s(interval)
        to_ns = _ns(to) if to is not None else end_of_data(ref, interval_s)
        from_ns = _ns(from_) if from_ is not None else to_ns - _HOUR_NS
        _check_span(from_ns, to_ns, interval_s)
        return queries.counts(ref, from_ns, to_ns, interval_s)

    @app.get("/api/v1/queues", responses=_PROBLEMS)
    def queues(site: SiteName) -> Queues:
        """The lanes of a site as last reported. Unknown is null, never 0."""
        return queries.queues(queries.site(site))

    @app.get("/api/v1/crossings", responses=_PROBLEMS)
    def crossings(site: SiteName, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Crossings:
        """The latest road users counted at a site, newest first."""
        return queries.crossings(queries.site(site), limit)

    @app.get("/api/v1/control", responses=_PROBLEMS)
    def control(site: SiteName, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Control:
        """Who controls a site's lamps, since when and why; and the latest decisions with their reasons."""
        return queries.control(queries.site(site), limit)

    @app.get("/api/v1/incidents", responses=_PROBLEMS)
    def incidents(site: SiteName, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Incidents:
        """Incidents of a site: those that go on, and the latest that ended, with evidence and what might be done."""
        return queries.incidents(queries.site(site), limit)

    @app.get("/api/v1/health", responses={503: _PROBLEMS[503]})
    def health() -> Health:
        """The collector, and every node with its cameras."""
        return Health(collector=health_now(), nodes=queries.nodes())

    return app


def close_api(app: FastAPI) -> None:
    """Answer unknown `/api` paths in JSON; call after all other `/api` routes are there."""

    @app.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    def nothing_here(path: str) -> JSONResponse:
        return _problem(HTTPStatus.NOT_FOUND, f"there is no /api/{path}: /api/openapi.json lists what there is")


def collector_health(state: IngestState, *, broker: str, database: str) -> CollectorHealth:
    """The ingest's state as an answer."""
    return CollectorHealth(
        version=version("stopline"),
        ok=state.broker_connected and state.storage_reason is None,
        broker=broker,
        broker_connected=state.broker_connected,
        broker_reason=state.broker_reason,
        database=database,
        storage_reason=state.storage_reason,
        stored=state.stored,
        duplicates=state.duplicates,
        quarantined=state.quarantined,
        refused_full=state.refused_full,
    )


def end_of_data(site: SiteRef, interval_s: int) -> int:
    """The end of the whole interval that holds the site's latest record, UTC nanoseconds."""
    interval_ns = interval_s * NS_PER_S
    return ((site.latest_ns or 0) // interval_ns + 1) * interval_ns


def _interval_s(text: str) -> int:
    match = re.fullmatch(r"([0-9]+)([smhd]?)", text)
    interval_s = int(match[1]) * _UNITS_S[match[2]] if match else 0
    if not 1 <= interval_s <= 86_400:
        raise InputError(f"interval {text!r} is not between 1s and 1d: write for example 60, 5m or 1h")
    return interval_s


def _ns(instant: AwareDatetime) -> int:
    if not 1970 <= instant.year <= 2200:
        raise InputError(
            f"{instant.isoformat()} is not between the years 1970 and 2200: give an instant of the records"
        )
    return wall_ns_of(instant)


def _check_span(from_ns: int, to_ns: int, interval_s: int) -> None:
    span_s = (to_ns - from_ns) / NS_PER_S
    if span_s <= 0:
        raise InputError("`from` is not before `to`: exchange them")
    if span_s > MAX_SPAN_S:
        raise InputError(f"`from` to `to` is more than {MAX_SPAN_S // 86_400} days: ask for less at a time")
    if span_s / interval_s > MAX_INTERVALS:
        raise InputError(f"that would be more than {MAX_INTERVALS} intervals: ask for less time or a longer interval")


def _problem(status: int, sentence: str) -> JSONResponse:
    return JSONResponse(Problem(error=" ".join(sentence.split())).model_dump(), status)


def _explain_errors(app: FastAPI) -> None:
    @app.exception_handler(UnknownSiteError)
    def unknown_site(_request: Request, error: UnknownSiteError) -> JSONResponse:
        return _problem(HTTPStatus.NOT_FOUND, str(error))

    @app.exception_handler(InputError)
    def bad_input(_request: Request, error: InputError) -> JSONResponse:
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    @app.exception_handler(StorageError)
    def no_storage(_request: Request, error: StorageError) -> JSONResponse:
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"] if part != "query")
        given = f", got {first['input']!r}" if isinstance(first.get("input"), str) else ""
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"parameter {name}: {first['msg']}{given}")

    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail))


async def _keep_to_ourselves(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Tell the browser to load nothing from elsewhere."""
    response = await answer(request)
    response.headers["Content-Security-Policy"] = _CONTENT_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
