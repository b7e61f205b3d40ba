"""Usage and money: what ran and passed through, folded from events, and what it costs."""
