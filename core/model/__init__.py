"""What a user declares: a deployment with its Worker, container classes, regions and traffic."""
