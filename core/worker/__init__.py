"""The Worker: runtimes behind one protocol, their limits and their errors."""
