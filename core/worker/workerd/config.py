"""The configuration of one isolate, as the text that workerd reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.worker.private_fields import CF, SCHEME

COMPATIBILITY_DATE = "2026-11-01"
COMPATIBILITY_FLAGS = (
    "new_module_registry",
    "enable_request_signal",
    "no_websocket_standard_binary_type",
)
"""The module registry is the one that knows import attributes and asks the module service with full URLs.
Binary messages come as an ArrayBuffer, as Workers in use expect them."""
ENTRY_MODULE = "hybrid-tui-entry.js"
GATEWAY_BINDING = "HYBRID_TUI_GATEWAY"
"""In the Worker's native ``env``; what the Worker sees is made from it."""


@dataclass(frozen=True, slots=True)
class IsolateConfig:
    """What one isolate is made of; sockets are paths of Unix sockets."""

    socket: str
    gateway: str
    modules: str
    """The socket of the module service."""
    entry: str
    """The source of the module that workerd loads first."""
    variables: Mapping[str, Any]
    """Strings, or values of JSON."""
    memory_limit_mib: int
    compatibility_date: str = COMPATIBILITY_DATE
    compatibility_flags: Sequence[str] = ()


def config_text(isolate: IsolateConfig) -> str:
    """Return the configuration in Cap'n Proto's text form.

    The Worker reaches the gateway and nothing else: the network is there, and allows no address.
    """
    date = isolate.compatibility_date
    flags = _flags(date, isolate.compatibility_flags)
    variables = "".join(f"    {_variable(name, value)},\n" for name, value in isolate.variables.items())
    return f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "gateway", external = (
      address = {quoted("unix:" + isolate.gateway)},
      http = (forwardedProtoHeader = {quoted(SCHEME.decode())}),
    )),
    (name = "internet", network = (allow = [])),
  ],
  sockets = [(
    name = "http",
    address = {quoted("unix:" + isolate.socket)},
    http = (cfBlobHeader = {quoted(CF.decode())}),
    service = "main",
  )],
  v8Flags = ["--max-old-space-size={isolate.memory_limit_mib}"],
);
const worker :Workerd.Worker = (
  modules = [(name = {quoted(ENTRY_MODULE)}, esModule = {quoted(isolate.entry)})],
  moduleFallback = {quoted("unix:" + isolate.modules)},
  compatibilityDate = {quoted(date)},
  compatibilityFlags = [{", ".join(quoted(flag) for flag in flags)}],
  bindings = [
    (name = {quoted(GATEWAY_BINDING)}, service = "gateway"),
{variables}  ],
);
"""


def _flags(date: str, more: Iterable[str]) -> list[str]:
    # From this date on Node's modules come by themselves, and workerd warns of the flag.
    node = () if date >= "2026-08-04" else ("nodejs_compat",)
    return list(dict.fromkeys((*COMPATIBILITY_FLAGS, *node, *more)))


def _variable(name: str, value: Any) -> str:
    if isinstance(value, str):
        return f"(name = {quoted(name)}, text = {quoted(value)})"
    return f"(name = {quoted(name)}, json = {quoted(json.dumps(value))})"


def quoted(text: str) -> str:
    """Return a text literal of Cap'n Proto; what is not plain ASCII goes as bytes of UTF-8."""
    return '"' + "".join(_escaped(byte) for byte in text.encode()) + '"'


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"
