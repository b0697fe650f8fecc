"""The `heimdall` command."""
