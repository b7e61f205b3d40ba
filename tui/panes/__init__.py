"""The panes: each a pure ``layout(frame, area, view)`` that returns rows, drawn by one shared widget."""
