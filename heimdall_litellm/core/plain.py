"""The plain form of an ask: what is left once how it was typed and wrapped is taken away.

The same question comes in capitals, with doubled spaces, after "Hi! Could you help me with the
following?", between "### Instruction:" and "### Response:", before "Many thanks in advance!". None of it
says how hard the question is, so none of it is seen by what comes after:

1. Case is folded, and runs of white space become one space, or one line break where one is among them.
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

from heimdall_litellm.core.wordclasses import WORD_CLASSES
from heimdall_litellm.core.words import words

_COURTESY_WORDS = b"""
    a about above absolutely accurate accurately actually additional advance advice advise after afternoon
    again against ai all almost already also always am amazing ambiguous an and android answer answered
    answering answers anthropic any anybody anyone anything anyway apologies apologise apologize appreciate
    appreciated appreciating appreciation appreciative appropriately are around as asap ask asked asking
    asks assigned assignment assist assistance assistant at attached attachments attention awesome back
    backticks based basic basically be bearing because been before begin beginner begins being below best
    bit bless blessed blessing blessings bot both bothering box breath breathe briefing brilliant btw buddy
    busy but by bye can care careful carefully case certainly chance chat chatbot chatgpt check cheers
    clarification clarify claude clear clearly clever come community complete completes completion concern
    concerns confidential confused consider considered considering content context convenience conversation
    cooperation cordial cordially correct correctly could couple curious current currently d day days
    deadline dear deeply definitely delighted delimited depends described describes description detailed
    details device did disturb do doc document does doing don done double doubt down dude dumb during each
    earliest early easy effort efforts either else empty enclosed end ends enjoy enough enquiry ensure eot
    especially evening ever every everybody everyone everything exactly exam excellent excuse expert
    expertise extra extremely faithfully fantastic far fast favor favore favour feedback feel few final
    finally first folks follow followed following follows for forward free friend friendly from further fyi
    galaxy gemini general generosity generous genius get getting given gives glad gladly go god goes going
    gone good goodbye goodnight got gpt gracias graciously grateful great greatest greatly greetings
    guidance guys had haha hand handle handy happily happy harmless has have having he header healthy hear
    heard hearing hello help helper helpers helpful helping helps her here hereby hers herself hesitate hey
    heya hi highly him himself his hiya homework honest honestly honored honoured hope hoped hopefully
    hoping how howdy huge hugs hullo human humble humbly hurry i id if ignore il im immediately important in
    inconvenience incredible incredibly indebted info information inline input inquiry inside inst instead
    instructed instruction instructions intelligent intended interrupt into intrusion iphone is issue it its
    itself job just keep kind kindest kindly kindness know knowledgeable language large last lately later
    legend let lets lifesaver like little ll lol look looking lot lots love loved lovely luck m ma madam
    made make makes many mark marker markers mate matter may maybe me mean means mentioned merci message
    might million mind minute minutes miss missing mobile model moment moments month more morning most much
    must my myself name need needed needs never new newbie next nice night no nobody none noob nor not
    nothing now obliged obviously of off offer offers often ok okay on once one only openai opinion or other
    others ought our ours ourselves out output over owe own p paired pal pardon part paste pasted patience
    peace per perfect phone plait please pleased pleasure pls plz polite por possible possibly post prefer
    pretty privilege problem problems professional prompt promptly prompts proper properly provide provided
    provides ps q queries query question questions quick quicker quickly quite quote quotes rather re reach
    read reading ready really receive received recipient regard regarding regards relevant replies reply
    request requested requests respectful respectfully respond responding response responses rest result
    results right rush s safe said same samsung say sec second seconds see seeking send sense sent several
    shall she should shown side silly simply since sincere sincerely sincerest sir situation skilled smart
    smile so solution solve solving some somebody someone something sometimes soon soonest sorry spare star
    start starts stated stating stay stop stuck student stuff stupid such sunny sup super support sure sys
    system t tag tags take taking talk task tasks team terrific text than thank thanked thankful thanking
    thanks thanx that the their theirs them themselves then there these they thing things think thinking
    this thorough thoroughly those though thought thoughtful thoughts thx tia time times to today together
    tomorrow tonight too topic totally trained triple trouble troubled troubles truly trusted truthful try
    trying turn two ty unclear under understand unsure until up urgent urgently us use useful user using
    usually valuable ve very via vous wait waiting wanted warm warmly was way ways we week weekend welcome
    well went were what whatever when whenever where which while who whom whose will wise wish wished wishes
    with within without wonder wondered wonderful wondering work working world would wow write writing wrote
    xoxo yes yet yo you your yours yourself
"""
_COURTESY = frozenset(_COURTESY_WORDS.split())
"""Words that say nothing about what is to be done, as long as they are among themselves."""

_SOCIAL = frozenset(
    b"apologies apologize appreciate appreciated appreciation assist assistance awesome bother "
    b"bothering cheers clarification convenience cordially dear feel forward free grateful greetings "
    b"guidance hello help hesitate hey hi hiya hope hoping howdy kind kindest know look looking love "
    b"lovely obliged patience please pleased pleasure pls plz regards reply sincerely sorry thank "
    b"thankful thanks trouble urgent weekend welcome wish wondering".split()
)
"""With one of these a clause may have other words too, few and of no kind of work (`wordclasses.py`)."""
_COURTESY_PER_OTHER = 4

_OPENERS = frozenset(
    b"also appreciate as be but can could d dear glad grateful great hello help hey hi i if it just "
    b"kind kindly ll like love me my need now ok okay please pls plz really so then thankful to very "
    b"want will would you".split()
)
"""Words that may stand before the first one that says what is to be done."""
_PLEADING = frozenset(b"appreciate grateful help kind kindly please pls plz thankful".split())
_WISHING = frozenset(b"can could like need want will would".split())
"""An opening has one of the former, or "you" and one of the latter: "I need to sort" is no courtesy."""

_GREETINGS = frozenset(b"dear hello hey hi".split())
_FAREWELLS = frozenset(b"best cheers faithfully love regards sincerely thank thanks".split())
_NAME_WORDS = 3

_ENDS = ".!?:;,\n<>\\[\\]—。！？：；，、…؟؛،।¿¡"
_MATTER = "0-9+^\\\\$@%"
"""What holds digits or formulas is never courtesy, so it ends the search at once."""
_CLAUSE = re.compile(f"[{_ENDS} ]*+([^{_ENDS}{_MATTER}]*+)(?=[{_ENDS}]|\\Z)")
_EDGE = " \n.,:;!#*-=_~<>|\"'`—–“”‘’«»「」。！：，"
"""What may be taken off both ends; a question mark or a bracket may say something."""
_FRONT_EDGE, _BACK_EDGE = _EDGE + "?？]{", _EDGE + "[}"
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
    return without_closing(without_opening(typed)) or typed


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
    first, last = without_opening(front) or front, without_closing(back) or back
    length = round(len(text) * density) - (len(front) - len(first)) - (len(back) - len(last))
    return f"{first[:head]} {last[-tail:]}", length


def fold_typing(text: str) -> str:
    """Fold case, and runs of white space to one space, or one line break where one is among it."""
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
    start = at = unsure = 0
    while at < len(text) and unsure <= _NAME_WORDS and (clause := _CLAUSE.match(backwards, at)):
        at = clause.end()
        found = words(clause[1][::-1])
        if _says_nothing(found) and (not unsure or not _FAREWELLS.isdisjoint(found)):
            start, unsure = at, 0
        else:  # maybe the name that a farewell is signed with
            unsure += len(found)
    return text[: len(text) - start].rstrip(_BACK_EDGE)


def _says_nothing(found: list[bytes]) -> bool:
    if _COURTESY.issuperset(found):
        # "Write a response that completes the request" is a wrapper; "write a message" is a task.
        return b"write" not in found or b"response" in found
    if _SOCIAL.isdisjoint(found):
        return False
    others = [word for word in found if word not in _COURTESY]
    return _COURTESY_PER_OTHER * len(others) < len(found) and WORD_CLASSES.keys().isdisjoint(others)


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
