"""The same stages on a live camera: a loop at ten steps a second that no camera, detector or disk holds up.

source ─ sight ─ detector   (Eyes, a thread)
             └─→ newest look ─→ pipeline ─ demand ─ control ─ bridge   (LiveLoop)
                                    └─ telemetry bodies ─→ outbox     (OutboxWriter, a thread)
"""
