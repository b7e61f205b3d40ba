"""The supervisor: keeps the isolates of one Worker running, within their limits, whatever their language."""
