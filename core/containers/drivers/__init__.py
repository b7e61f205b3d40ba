"""What runs containers: docker, process or simulated, one protocol for the three."""
