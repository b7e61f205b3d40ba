"""Images for tests, made without a registry."""
