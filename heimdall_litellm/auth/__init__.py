"""Credentials: adapters that know one kind each, and logins of the proxy.

The adapters (`adapter.py` is the protocol, `registry.py` the list) say how a credential is known and where it
may go. Logins are made once by a user, kept encrypted, and refreshed ahead of time.

Nothing here knows LiteLLM, and `import heimdall_litellm.auth` is light: Authlib and HTTP are loaded by
`heimdall_litellm.auth.oauth`, when a provider is to be asked.
"""

from heimdall_litellm.auth.keys import KEY_VARIABLE, TokenKeys, new_key
from heimdall_litellm.auth.login import Grant, Login
from heimdall_litellm.auth.refresh import Limits, StoredLogin
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.auth.store import TokenStore, open_store

__all__ = [
    "KEY_VARIABLE",
    "Grant",
    "Limits",
    "Login",
    "Secret",
    "StoredLogin",
    "TokenKeys",
    "TokenStore",
    "new_key",
    "open_store",
]
