"""Camera health: whether the pictures can be believed, and what they show besides road users.

Frame ─┬─ light, still ─ dark, covered, frozen            every picture
       ├─ stream ─────── slow, lost, late, clock_drift    every picture, its times only
       └─ Look ─┬─ glare ─── dazzled                      twice a second
                ├─ Tiles ─── blurred, dirty, covered, low_visibility
                └─ View ──── knocked, shifted
"""
