"""What a user declares: the deployment, its Worker, container classes, regions, bindings, scaling and traffic."""
