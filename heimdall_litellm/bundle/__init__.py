"""Bundles: what was learnt offline, as a directory that is verified before anything in it is used.

`layout.py` says which files there are, `verify.py` proves them, `canary.py` tries them in a
process of its own, `load.py` puts them together, `reload.py` swaps them, `write.py` makes them.
"""

from heimdall_litellm.bundle.load import Bundle as Bundle
from heimdall_litellm.bundle.load import default_path as default_path
from heimdall_litellm.bundle.load import load_bundle as load_bundle

__all__ = ["Bundle", "default_path", "load_bundle"]
