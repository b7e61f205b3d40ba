"""The engine: everything that happens in a hybrid deployment, without a screen."""
