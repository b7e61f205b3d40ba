"""What a Python Worker imports for its containers: ``from containers import Container, get_container``.

The names are those of ``containers-py``: @cloudflare/containers 0.3.7 in snake_case.
"""

from .container import Container
from .helpers import StopParams, get_container, get_random, load_balance, switch_port

__all__ = ["Container", "StopParams", "get_container", "get_random", "load_balance", "switch_port"]
