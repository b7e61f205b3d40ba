"""HTTP messages, a pooled client and a server: the wire, with no knowledge of Workers or containers."""
