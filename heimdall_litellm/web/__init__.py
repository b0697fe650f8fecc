"""The HTTP API: what Heimdall knows of models, and what it would decide, for whoever has a key.

`app.py` makes an ASGI application from a `Backend` (`backend.py`), which knows who asks, what they may use,
and what there is. Nothing here knows LiteLLM: the plugin supplies the backend, and puts the application on
LiteLLM's own.
"""
