"""What the page shows, read once a second however many people look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from collector.answers import CollectorHealth, Control, Counts, Incidents, LaneQueue, NodeHealth, Site
from collector.api import end_of_data
from collector.queries import Queries, SiteRef, UnknownSiteError
from edge.clock import NS_PER_S, Clock
from edge.errors import InputError, StorageError
from edge.types import VEHICLE_KINDS, Kind

HOUR_S = 3600
QUARTER_S = 900
#: So many decisions are shown.
DECISIONS = 12
#: So many incidents that are over are shown.
ENDED = 8
#: Both charts have this many bars.
BARS = 60


@dataclass(frozen=True, slots=True)
class MovementTotal:
    """One movement over the last hour; counts None when nothing is known of it."""

    movement: str
    known_s: float
    counts: dict[Kind, int] | None

    @property
    def vehicles(self) -> int | None:
        """All kinds except people on foot."""
        return None if self.counts is None else sum(self.counts[kind] for kind in VEHICLE_KINDS)


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site: the hour of data that ends with its latest record, and what is live.

    quarter is the end of the same hour in finer intervals; None where no record came yet.
    """

    site: SiteRef
    hour: Counts | None
    quarter: Counts | None
    totals: tuple[MovementTotal, ...]
    lanes: tuple[LaneQueue, ...]
    nodes: tuple[NodeHealth, ...]
    control: Control
    incidents: Incidents


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything on the page. problem: one sentence where it cannot be shown."""

    collector: CollectorHealth
    sites: tuple[Site, ...]
    selected: SiteView | None
    problem: str | None


class Views:
    """Reads page views; those younger than `max_age_s` are shared by all who ask."""

    def __init__(
        self, queries: Queries, health: Callable[[], CollectorHealth], clock: Clock, *, max_age_s: float = 0.9
    ) -> None:
        self._queries = queries
        self._health = health
        self._clock = clock
        self._max_age_ns = int(max_age_s * NS_PER_S)
        self._lock = threading.Lock()
        self._recent: dict[str | None, tuple[int, PageView]] = {}

    def page(self, site: str | None) -> PageView:
        """The page for a site (`site` or `org/site`), or for the first that is online. Never raises for bad data."""
        with self._lock:
            now_ns = self._clock.now_ns()
            self._recent = {k: v for k, v in self._recent.items() if now_ns - v[0] <= self._max_age_ns}
            if site not in self._recent:
                self._recent[site] = (now_ns, self._read(site))
            return self._recent[site][1]

    def _read(self, site: str | None) -> PageView:
        try:
            sites = tuple(self._queries.sites())
        except StorageError as error:
            return PageView(self._health(), (), None, str(error))
        if site is None:
            if not sites:
                return PageView(self._health(), (), None, None)
            first = next((one for one in sites if one.nodes_online), sites[0])
            site = f"{first.org}/{first.site}"
        try:
            return PageView(self._health(), sites, self._site(site), None)
        except UnknownSiteError:
            return PageView(self._health(), sites, None, f"No site {site!r} has sent anything yet.")
        except (InputError, StorageError) as error:
            return PageView(self._health(), sites, None, str(error))

    def _site(self, name: str) -> SiteView:
        ref = self._queries.site(name)
        hour = quarter = None
        if ref.latest_ns is not None:
            minute_s, fine_s = HOUR_S // BARS, QUARTER_S // BARS
            end_ns = end_of_data(ref, minute_s)
            hour = self._queries.counts(ref, end_ns - HOUR_S * NS_PER_S, end_ns, minute_s)
            fine_end_ns = end_of_data(ref, fine_s)
            quarter = self._queries.counts(ref, fine_end_ns - QUARTER_S * NS_PER_S, fine_end_ns, fine_s)
        return SiteView(
            site=ref,
            hour=hour,
            quarter=quarter,
            totals=totals_of(ref, hour),
            lanes=tuple(self._queries.queues(ref).lanes),
            nodes=tuple(self._queries.nodes(ref)),
            control=self._queries.control(ref, DECISIONS),
            incidents=self._queries.incidents(ref, ENDED),
        )


def totals_of(site: SiteRef, hour: Counts | None) -> tuple[MovementTotal, ...]:
    """Each movement summed over an hour; unknown minutes add nothing and are told by known_s."""
    if hour is None:
        return tuple(MovementTotal(movement, 0.0, None) for movement in site.movements)
    totals: list[MovementTotal] = []
    for movement in hour.movements:
        known = [interval.counts for interval in movement.intervals if interval.counts is not None]
        counts = {kind: sum(minute[kind] for minute in known) for kind in Kind} if known else None
        seen_s = sum(interval.known_s for interval in movement.intervals)
        totals.append(MovementTotal(movement.movement, seen_s, counts))
    return tuple(totals)
