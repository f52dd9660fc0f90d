"""What a replay and a live run share: control between frames, greens, and their parts chosen from a site."""
