"""Keeps pictures the same everywhere: no animation, colours on, and only the pinned Textual."""

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["TEXTUAL_SPEEDUPS"] = "0"
os.environ.pop("NO_COLOR", None)
