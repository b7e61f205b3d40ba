"""Container classes and their instances: cold starts, sleep, choice of instance, and the drivers."""
