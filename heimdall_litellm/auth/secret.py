"""A text that must not be seen: it is given out on demand only.

Tokens, passwords and keys travel as `Secret`, so that what is logged, formatted, compared, raised
or serialized by accident shows nothing. Only `.reveal()` gives the text, which makes the places
where that happens easy to find.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn, Self


class Masked(str):
    """A text like any other that hides from `repr`: LiteLLM's debug output shows arguments by that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Secret:
    """Holds a text; immutable."""

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Give the text."""
        return self._text

    def masked(self, prefix: str = "") -> Masked:
        """Give `prefix` and the text to somebody who needs a real `str` and may print it with `repr`."""
        return Masked(prefix + self._text)

    @property
    def digest(self) -> str:
        """The beginning of the text's SHA-256: tells one secret from another and says nothing of either."""
        return hashlib.sha256(self._encoded()).hexdigest()[:16]

    def _encoded(self) -> bytes:
        return self._text.encode("utf-8", "surrogatepass")

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._encoded(), other._encoded())

    def __hash__(self) -> int:
        return hash(self.digest)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not serialized; reveal it where that is really meant")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret does not change")
