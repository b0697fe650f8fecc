"""The plain form of an ask: what is left once how it was typed and wrapped is taken away.

The same question comes in capitals, with doubled spaces, after "Hi! Could you help me with the
following?", between "### Instruction:" and "### Response:", before "Many thanks in advance!". None of it
says how hard the question is, so none of it is seen by what comes after:

1. Case is folded, and runs of white space become one space.
2. At either end clauses that say nothing of a task are dropped. A clause ends at a line break, a
   punctuation mark or a bracket of a tag; it says nothing if every word of it is in `_COURTESY` (words of
   courtesy, and words by which a wrapper names its parts), or if it has no words at all, as "---" or a
   fence. Words are those of `words.py`, so courtesy of other languages is seen too. "Hi Anna," says nothing
   either, nor does the name after "Best regards,".
3. "Could you please" in front of what is left is dropped as well, and ornament around it.

A text that is courtesy all through stays what it is: it is itself the ask. The work is linear in the
length of the text, which callers bound.
"""

from __future__ import annotations

import re

from heimdall_litellm.core.words import words

_COURTESY = frozenset(
    word.encode()
    for word in """
    a about above accurate accurately advance advice after again ai all already also always am an and answer
    answering any anything appreciate appreciated appreciation appropriately are around as asap ask asked asking
    assist assistance assistant at attention back backticks based be been before begin being below best bit bot
    bothering box briefing busy but by can care careful carefully case chat chatbot check cheers clarification
    clarify clear clearly come completes completion confused content context conversation correct correctly could
    couple curious currently day days dear delimited depends describes details do does doing don double doubt
    each early either else end enclosed end ensure enough enquiry especially evening ever everyone everything
    exactly expert favor favour favore feel few final finally find first folks following follows for forward free
    friend friendly from further general get getting given gives go going good got grateful great greetings guidance
    guys had hand handle happy has have having hear heard hello help helpful helping here hesitate hey hi hope
    hoping how human i if ignore im in incredibly info information inline input inquiry inst instruction
    instructions into is issue it its job just keep kind kindly kindness know knowledgeable last later let lets like
    little ll look looking lot lots love m ma made madam make many mark matter may maybe me mean message might mind
    minute miss moment month more morning most much must my name need needed needs new next nice night no not
    nothing now obliged of off ok okay on once one only or other others our output over part paste pasted patience
    per perfect plait please possible possibly post prefer pretty problem problems professional prompt promptly
    proper properly provide provided q queries query question questions quick quickly quote quotes rather re read
    reading ready really received regard regarding regards reply request requested respectfully respond responding
    response responses right s said same say see seeking send sense sent should shown side simply since sincerely
    sir situation skilled so some someone something soon sorry sort spare stated stuck stuff such support sure
    sys system t take taking task tasks text than thank thankful thanking thanks thanx that the their them then there
    these they thing things think thinking this those thorough thoroughly though thought thx time times to today together
    tonight too topic triple troubled troubles trouble try trying turn two under understand until up us use user
    using ve very via vous warm warmly was way ways we week weekend welcome well were what whatever when where which
    while will wise wish wishes with within without wonder wonderful wondering work working would write writing wrote
    yes yet you your yours yourself d il por portal iphone phone mobile device android pls plz ty tia solution
    solve solving instructed start assigned bearing handy advise glad useful valuable greatly highly deeply truly
    effort efforts whenever convenience chance hearing talk bye goodbye goodnight afternoon team community doc
    document prompts starts ends stop
    """.split()
)
"""Words that say nothing about what is to be done, as long as they are among themselves."""

_OPENERS = frozenset(
    b"also but can could d dear hello help hey hi i just kindly ll like me my need now ok okay please pls plz so "
    b"then to want will would you".split()
)
"""Words that may stand before the first one that says what is to be done."""
_PLEADING = frozenset(b"help kindly please pls plz".split())
_WISHING = frozenset(b"can could like need want will would".split())
"""An opening has one of the former, or "you" and one of the latter: "I need to sort" is no courtesy."""

_GREETINGS = frozenset(b"dear hello hey hi".split())
_FAREWELLS = frozenset(b"best cheers love regards sincerely thank thanks".split())
_NAME_WORDS = 3

_ENDS = ".!?:;,\n<>\\[\\]\u2014\u3002\uff01\uff1f\uff1a\uff1b\uff0c\u3001\u2026\u061f\u061b\u060c\u0964\u00bf\u00a1"
_MATTER = "0-9=+^\\\\$(){}@%&"
"""What holds digits or formulas is never courtesy, so it ends the search at once."""
_CLAUSE = re.compile(f"[{_ENDS}]*+([^{_ENDS}{_MATTER}]*+)(?=[{_ENDS}]|\\Z)")
_EDGE = " \n.,:;!#*-=_~<>|\"'`\u2014\u2013\u201c\u201d\u2018\u2019\u00ab\u00bb\u300c\u300d\u3002\uff01\uff1a\uff0c"
"""What may be taken off both ends; a question mark or a bracket may say something."""
_FRONT_EDGE, _BACK_EDGE = _EDGE + "?\uff1f]", _EDGE + "["
_WORD = re.compile(r"[^\w]*([^\W\d_]+)(?![^\W_])")
_READ = 2
"""How many times what is kept is read of a long text: room for what is dropped."""


def plain(text: str) -> str:
    """Give the plain form of a text; of no text but white space an empty one.

    Doing it again changes nothing. Case and the amount of white space change nothing.

    >>> plain("Hi! Could you please help me with this?\\n\\nProve  that X.  Thanks a lot!")
    'prove that x'
    >>> plain("Hi, thanks!")
    'hi, thanks!'
    """
    typed = fold_typing(text)
    return (without_closing(without_opening(typed)) or typed).replace("\n", " ")


def plain_window(text: str, head: int, tail: int) -> tuple[str, int]:
    """Give the first `head` and last `tail` characters of the plain form of a text, and its length.

    Of a long text only the ends are read, and the length is estimated: the work does not grow with
    the text.
    """
    if len(text) <= _READ * (head + tail):
        whole = plain(text)
        cut = whole if len(whole) <= head + tail else f"{whole[:head]} {whole[-tail:]}"
        return cut, len(whole)
    read_head, read_tail = text[: _READ * head], text[-_READ * tail :]
    front, back = fold_typing(read_head), fold_typing(read_tail)
    density = (len(front) + len(back)) / (len(read_head) + len(read_tail))
    first, last = without_opening(front), without_closing(back)
    length = round(len(text) * density) - (len(front) - len(first)) - (len(back) - len(last))
    return f"{first[:head]} {last[-tail:]}".replace("\n", " "), length


def fold_typing(text: str) -> str:
    """Fold case, and runs of white space to one space, or one line break where there was any; none at the ends."""
    # Through capitals first: what has no small letter of its own ("SS" and "ß") ends up the same.
    folded = text.lower() if text.isascii() else text.upper().casefold()
    return "\n".join(filter(None, map(" ".join, map(str.split, folded.split("\n")))))


def without_opening(text: str) -> str:
    """Drop what says nothing from the front of a text whose typing is folded; maybe all of it."""
    start = 0
    while start < len(text):
        clause = _CLAUSE.match(text, start)
        if clause is None or not (_says_nothing(found := words(clause[1])) or _greets(found)):
            break
        start = clause.end()
    else:
        return ""
    rest = text[start:].lstrip(_FRONT_EDGE)
    return rest[_opening_of(rest) :].lstrip(_FRONT_EDGE)


def without_closing(text: str) -> str:
    """Drop what says nothing from the end of a text whose typing is folded; maybe all of it."""
    backwards = text[::-1]
    start = named = 0
    while start < len(text):
        clause = _CLAUSE.match(backwards, max(start, named))
        if clause is None:
            break
        found = words(clause[1][::-1])
        if _says_nothing(found) and (not named or not _FAREWELLS.isdisjoint(found)):
            start, named = clause.end(), 0
        elif not named and len(found) <= _NAME_WORDS:
            named = clause.end()
        else:
            break
    return text[: len(text) - start].rstrip(_BACK_EDGE)


def _says_nothing(found: list[bytes]) -> bool:
    return _COURTESY.issuperset(found)


def _greets(found: list[bytes]) -> bool:
    return found[0] in _GREETINGS and len(found) <= _NAME_WORDS


def _opening_of(text: str) -> int:
    """Say where the courtesy in front of a text ends that no punctuation ends, as in "please prove"."""
    end = 0
    seen: set[bytes] = set()
    while (word := _WORD.match(text, end)) and (found := word[1].encode()) in _OPENERS:
        seen.add(found)
        end = word.end()
    if _PLEADING.isdisjoint(seen) and (b"you" not in seen or _WISHING.isdisjoint(seen)):
        return 0
    return end
