"""Read models folded from events: what a screen shows, and nothing that only a live engine knows."""
