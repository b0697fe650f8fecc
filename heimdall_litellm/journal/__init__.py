"""The journal: what was decided, what came of it, and what people thought of that; off the request's path."""
