"""Credentials: one adapter a file, the registry, and logins of the proxy's own."""
