"""Platform profiles: what the platform offered at one time, and its limits, as dated data files."""
