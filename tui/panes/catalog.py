"""The panes of the dashboard, in the order of their numbers."""

from tui.panes import cold_starts, cost, decisions, flow, header, isolates, keys, memory, problems, regions
from tui.panes.widget import PaneSpec

BOXED: tuple[PaneSpec, ...] = (
    PaneSpec("regions", regions.layout, "1 Regions", regions.keys, regions.subtitle),
    PaneSpec("flow", flow.layout, "2 Request flow", flow.keys, flow.subtitle, counted=False),
    PaneSpec("cold_starts", cold_starts.layout, "3 Cold starts", cold_starts.keys, cold_starts.subtitle),
    PaneSpec("memory", memory.layout, "4 Memory", memory.keys, memory.subtitle),
    PaneSpec("cost", cost.layout, "5 Cost", cost.keys, cost.subtitle),
)
ASIDE: tuple[PaneSpec, ...] = (
    PaneSpec("isolates", isolates.layout, "i Isolates", isolates.keys, isolates.subtitle),
    PaneSpec("decisions", decisions.layout, "d Scaling decisions", decisions.keys, decisions.subtitle),
)
"""Panes that are no part of the dashboard: a key of their own gives them the screen."""
HEADER = PaneSpec("header", header.layout, boxed=False)
PROBLEMS = PaneSpec("problems", problems.layout, boxed=False)
KEYS = PaneSpec("keys", keys.layout, boxed=False)
