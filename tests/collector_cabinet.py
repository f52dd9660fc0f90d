"""A cabinet that makes records for the collector's tests, and one that sends them until acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from edge.clock import NS_PER_S, SystemClock
from edge.incident import IncidentKind, Severity, Stage
from edge.messages import (
    AckMessage,
    Body,
    CrossingBody,
    CycleBody,
    HealthBody,
    HiResBody,
    IncidentBody,
    IncidentPlace,
    LaneNow,
    LanesBody,
    LaneSummary,
    MovementCount,
    PhaseCycle,
    PhaseInterval,
    RecordMessage,
    SignalBody,
    StatusMessage,
    Stream,
    SummaryBody,
    ThinnedBody,
    topic,
)
from edge.types import KINDS, Interval, Kind

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class Cabinet:
    """Numbers records of one node and epoch from 1 in each stream, as an outbox does."""

    def __init__(self, site: str = "a1", node: str = "cabinet", epoch: str = "0badcafe", org: str = "town") -> None:
        self.org, self.site, self.node, self.epoch = org, site, node, epoch
        self._last: dict[Stream, int] = defaultdict(int)

    def topic(self, name: str) -> str:
        return topic(self.org, self.site, self.node, name)

    def record(self, body: Body, at_s: float = 0.0, *, seq: int | None = None, synced: bool = True) -> RecordMessage:
        """The next record of the body's stream, `at_s` after noon."""
        stream = body.of if isinstance(body, ThinnedBody) else body.stream
        if seq is None:
            self._last[stream] += 1
            seq = self._last[stream]
        return RecordMessage(
            id=f"{self.epoch}-{stream}-{seq}",
            org=self.org,
            site=self.site,
            node=self.node,
            epoch=self.epoch,
            seq=seq,
            ts=NOON + timedelta(seconds=at_s),
            t_ns=round(at_s * NS_PER_S),
            clock_synced=synced,
            body=body,
        )

    def status(self, state: str = "online", movements: Sequence[str] = (), lanes: Sequence[str] = ()) -> StatusMessage:
        return StatusMessage.model_validate(
            {
                "org": self.org,
                "site": self.site,
                "node": self.node,
                "state": state,
                "boot": "b00t",
                "version": "0.1.0",
                "movements": list(movements),
                "lanes": list(lanes),
            }
        )


def crossing(movement: str = "NBT", kind: Kind = Kind.CAR, track_id: int = 1) -> CrossingBody:
    return CrossingBody(
        movement=movement,
        kind=kind,
        lane="nb1",
        track_id=track_id,
        entered_t_ns=None,
        speed_mps=11.5,
        waited_s=0.0,
        since_green_s=None,
        headway_s=2.5,
    )


def summary(
    movements: dict[str, dict[Kind, int] | None], *, interval_s: float = 60, known_s: float = 60
) -> SummaryBody:
    """A minute; a movement that maps to None was not seen at all."""
    return SummaryBody(
        interval_s=interval_s,
        movements=[
            MovementCount(
                movement=name,
                known_s=0 if counts is None else known_s,
                counts=None if counts is None else dict.fromkeys(KINDS, 0) | counts,
                mean_speed_mps=None,
            )
            for name, counts in movements.items()
        ],
        lanes=[
            LaneSummary(
                lane="nb1",
                known_s=known_s,
                occupancy=0.25,
                max_queue_vehicles=3,
                max_queue_m=21.5,
                max_wait_s=40,
                mean_speed_mps=None,
                mean_headway_s=None,
            )
        ],
    )


def lanes(**queued: int | None) -> LanesBody:
    """Live lanes with so many vehicles queued; None is a lane the camera cannot tell of."""
    return LanesBody(
        lanes=[
            LaneNow(
                lane=lane,
                presence=None if vehicles is None else vehicles > 0,
                vehicles=vehicles,
                queue_vehicles=vehicles,
                queue_m=None if vehicles is None else 7.0 * vehicles,
                queue_at_least=False,
                wait_s=12.0 if vehicles else None,
                speed_mps=None,
            )
            for lane, vehicles in queued.items()
        ]
    )


def health(state: str = "ok", reason: str | None = None, camera: str | None = "north") -> HealthBody:
    return HealthBody.model_validate(
        {
            "state": state,
            "reason": reason,
            "camera": camera,
            "fps": 14.8,
            "frames": 5000,
            "frames_dropped": 3,
            "detector": "centernet",
            "detector_ms": 61.0,
            "outbox_records": 2,
            "outbox_thinned": 0,
        }
    )


def cycle(number: int = 1) -> CycleBody:
    phase = PhaseCycle(phase=2, green_s=30, yellow_s=3.5, red_clearance_s=1.5, crossings=9, crossings_on_red=None)
    return CycleBody(number=number, cycle_s=80, plan="fixed", phases=[phase])


def signal() -> SignalBody:
    shown = PhaseInterval(phase=2, interval=Interval.GREEN, age_s=0)
    return SignalBody(mode="running", fault=None, phases=[shown], requested=[2, 6], reason="fixed plan")


def hires() -> HiResBody:
    """A green that gapped out: events 1, 4 and 7 of phase 2."""
    return HiResBody(events=[(0, 1, 2), (125, 4, 2), (125, 7, 2)])


class ResendingCabinet:
    """Sends records to a real broker, and again whatever is not acknowledged within a second."""

    def __init__(self, port: int, records: Sequence[RecordMessage]) -> None:
        self.unacked = {(r.epoch, r.stream, r.seq): r for r in records}
        self.acks = 0
        self._records = records
        self._clock = SystemClock()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="cabinet", protocol=MQTTv5)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port, clean_start=True)
        self._client.subscribe(topic(records[0].org, records[0].site, records[0].node, "ack"), qos=1)
        self._again_ns = 0

    def step(self) -> None:
        """Send what is due and hear the broker for a moment."""
        now_ns = self._clock.now_ns()
        if now_ns >= self._again_ns:
            self._again_ns = now_ns + NS_PER_S
            for record in list(self.unacked.values())[:300]:
                where = topic(record.org, record.site, record.node, record.stream.value)
                self._client.publish(where, record.model_dump_json(), qos=1)
        before = self.acks
        assert self._client.loop(0.02) == MQTTErrorCode.MQTT_ERR_SUCCESS
        if self.acks != before:
            self._again_ns = min(self._again_ns, now_ns + NS_PER_S // 20)

    def close(self) -> None:
        self._client.disconnect()
        self._client._reset_sockets()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        ack = AckMessage.model_validate_json(message.payload)
        self.acks += 1
        self.unacked = {
            key: record
            for key, record in self.unacked.items()
            if key[:2] != (ack.epoch, ack.stream) or key[2] > ack.seq
        }


def incident(stage: Stage, number: int = 1, *, began_s: float = 10.0, lasted_s: float | None = None) -> IncidentBody:
    """A stopped vehicle in lane nb1."""
    return IncidentBody(
        incident=f"20260501T120000Z-{number}",
        kind=IncidentKind.STOPPED_VEHICLE,
        severity=Severity.HIGH,
        stage=stage,
        confidence=0.9,
        place=IncidentPlace(
            approach="NB", lane="nb1", movement=None, camera="north", from_stop_m=22.5, pos_m=(0.0, -22.5)
        ),
        began_s=began_s,
        seen_s=0.0,
        lasted_s=lasted_s,
        evidence={"standing_s": 12.5, "ahead_m": None},
        sources=["stopped_vehicle"],
        actions=["look at the camera", "send road patrol"],
        tracks=[7],
    )
