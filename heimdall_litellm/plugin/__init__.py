"""The only package that imports LiteLLM: its hooks on one side, the engine on the other."""
