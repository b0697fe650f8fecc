"""Stand-ins for what is outside: providers on loopback, and an engine with a mind of its own."""
