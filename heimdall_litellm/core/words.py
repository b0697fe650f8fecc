r"""Text -> lowercase word tokens, in every script, in bounded work per character.

Three roads, the fastest that fits:

1. ASCII: one `bytes.translate` (punctuation to spaces, capitals to small letters) and one
   `split`.
2. Western European text and typographic quotes, all of Windows-1252: the same, since that
   code has one byte per character; the table folds accents ("é" -> "e") as BERT's uncased
   vocabulary does.
3. Everything else: compatibility normalisation, accents off, one pass of a pattern that has
   no alternatives to go back to, and per token a lookup in the lexicon.

Known foreign terms are replaced by the English word they stand for (`lexicon.py`), so that
word lists and the embedding work for every language; unknown words stay as they are. No
result depends on an earlier call, and no input raises: what is not a letter or a digit
(controls, emoji, lone surrogates) separates words or disappears.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from heimdall_litellm.core.lexicon import CONCEPTS, STEM_HEAD, Meaning, is_unspaced, read_lexicon

_CHUNK = 256
"""Characters normalised at once: putting combining marks in order takes quadratic time, so
a text made of nothing else is cut into pieces."""

_DENSE_HEAD, _DENSE_TAIL = 448, 160
"""What is read of a long text in which a character takes three bytes (Chinese, Japanese,
Korean, Thai, Hindi): such a character says about as much as two or three Latin ones."""

_LONGEST_WORD = 32

# Marks that carry no word of their own in Latin, Greek, Cyrillic, Hebrew and Arabic, and
# invisible formatting characters. Vowel signs of Indic scripts and Thai are letters in all
# but name, and voicing marks of kana are put back by NFC.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u06df-\u06e8\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
)
_UNDECOMPOSED = tuple(zip("ßøłđðþæœıħŋƒ", "solddtaoihnf", strict=True))
"""Letters that Unicode does not take apart, with the nearest plain one (one for one)."""

# What separates words: spaces and controls, ASCII punctuation, punctuation and symbols of
# other blocks, private use, surrogates, emoji. Mathematical operators and arrows are tokens.
_BREAKS = (
    "\\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb-\xbf\xd7\xf7\u02c2-\u02df\u037e\u0387"
    "\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4"
    "\u0964\u0965\u0970\u0e3f\u0e4f\u0e5a\u0e5b\u104a-\u104f\u17d4-\u17db\u2000-\u2070\u20a0-\u20cf\u2300-\u2bff"
    "\u2e00-\u2e7f\u2ff0-\u3004\u3007-\u3020\u3030\u303d\u30fb\ud800-\uf8ff\ufd3e\ufd3f\ufe10-\ufe6f"
    "\ufff0-\uffff\U0001f000-\U0001faff\U000e0000-\U0010ffff"
)
_OPERATORS = "\u2190-\u22ff"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKENS = re.compile(f"[{_OPERATORS}]|[{_UNSPACED}]+|[^{_BREAKS}{_OPERATORS}{_UNSPACED}]+")


def fold(text: str) -> str:
    """Lowercase `text`, undo compatibility forms, drop accents and invisible characters.

    >>> fold("Ｄé́monstration Ёж ｶﾞ")
    'demonstration еж ガ'
    """
    if len(text) > _CHUNK:
        return "".join(fold(text[start : start + _CHUNK]) for start in range(0, len(text), _CHUNK))
    # A compatibility form can grow eighteenfold; what lies beyond twice the length is dropped.
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.lower())[: 2 * _CHUNK])
    folded = unicodedata.normalize("NFC", bare).lower()
    for letter, plain in _UNDECOMPOSED:
        folded = folded.replace(letter, plain)
    return folded


_LEXICON = read_lexicon(fold(CONCEPTS))


def _single_byte_table() -> bytes:
    """Map each byte of Windows-1252 to a folded letter, a digit or a space."""
    table = bytearray(b" " * 256)
    for code in range(256):
        char = bytes([code]).decode("cp1252", errors="replace")
        folded = fold(char) if char.isalnum() else ""
        if len(folded) == 1 and folded.isascii():
            table[code] = ord(folded)
    return bytes(table)


_TABLE = _single_byte_table()


def english_words() -> list[bytes]:
    """Return every English word that a foreign term can turn into, sorted."""
    meanings = (*_LEXICON.exact.values(), *(m for terms in _LEXICON.stems.values() for _, m in terms))
    several = (*meanings, *(m for terms in _LEXICON.run_terms.values() for _, m in terms))
    return sorted({*_LEXICON.run_chars.values(), *_LEXICON.latin.values(), *(w for m in several for w in m)})


def words(text: str) -> list[bytes]:
    """Return the lowercase words of `text` in order, foreign terms in English where known.

    The work is linear in the length of `text`, which callers bound (about 1,300 characters).

    >>> words("Prove that $x^2$ isn't 3.")
    [b'prove', b'that', b'x', b'2', b'isn', b't', b'3']
    >>> words("请证明：√2 是无理数")
    [b'please', b'prove', b'root', b'2', b'is', b'irrational']
    """
    if text.isascii():
        found = text.encode().translate(_TABLE).split()
    else:
        try:
            found = text.encode("cp1252").translate(_TABLE, b"\xad").split()
        except UnicodeEncodeError:
            found = _words_of_any_script(text)
    latin = _LEXICON.latin
    if latin.keys().isdisjoint(found):  # nearly always, and twice as quick to tell as to replace
        return found
    return [latin.get(word, word) for word in found]


def _words_of_any_script(text: str) -> list[bytes]:
    if len(text) > _DENSE_HEAD + _DENSE_TAIL and len(text.encode(errors="replace")) > 2.5 * len(text):
        text = f"{text[:_DENSE_HEAD]} {text[-_DENSE_TAIL:]}"
    found: list[bytes] = []
    for token in _TOKENS.findall(fold(text)):
        if token.isascii():
            found.append(token.encode())
        elif is_unspaced(token[0]):
            _segment(token, found)
        else:
            found.extend(_foreign(token[:_LONGEST_WORD]))
    return found


def _segment(run: str, found: list[bytes]) -> None:
    """Append the words of a run without spaces: longest known term, else one character."""
    terms_of, meaning_of = _LEXICON.run_terms.get, _LEXICON.run_chars.get
    at, end = 0, len(run)
    while at < end:
        for term, meaning in terms_of(run[at : at + STEM_HEAD], ()):
            if run.startswith(term, at):
                found += meaning
                at += len(term)
                break
        else:
            char = run[at]
            found.append(meaning_of(char) or char.encode())
            at += 1


@lru_cache(maxsize=8192)
def _foreign(word: str) -> Meaning:
    """Return the English of a word of a spaced script, or the word itself."""
    return _known_word(word) or _known_arabic(word) or (word.encode(),)


def _known_word(word: str) -> Meaning | None:
    """Return the English of a word of a spaced script, by the whole word or its stem."""
    meaning = _LEXICON.exact.get(word)
    if meaning is None:
        for stem, meaning_of_stem in _LEXICON.stems.get(word[:STEM_HEAD], ()):
            if word.startswith(stem):
                return meaning_of_stem
    return meaning


def _known_arabic(word: str) -> Meaning | None:
    """Look a word up without the particles that Arabic writes in front: and, to, with, the."""
    if not "\u0600" <= word[0] < "\u0700":
        return None
    for particles in ("\u0648\u0641", "\u0628\u0643\u0644"):
        if word[0] in particles and len(word) > 3:
            word = word[1:]
            known = _known_word(word)
            if known is not None:
                return known
    for article in ("\u0627\u0644", "\u0644"):
        if word.startswith(article) and len(word) > len(article) + 1:
            return _known_word(word[len(article) :])
    return None
