"""How many instances of a class are wanted in a region: by a policy, by a schedule, or by a person."""
