"""Modules that Workers find in every JavaScript runtime: container classes, namespaces, dispatch."""
