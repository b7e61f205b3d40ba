"""Programs that tests run in containers."""
