"""What can happen: one frozen type each, with units in the field names, and the bus that carries them."""
