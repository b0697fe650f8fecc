"""Which kind of work a word speaks of.

A few hundred English words in a dozen closed classes; terms of other languages arrive here
already turned into English (`words.py`). The classes are features, not rules: the triage model
decides what they are worth.
"""

from __future__ import annotations

CLASSES: tuple[str, ...] = (
    "code",
    "maths",
    "reasoning",
    "academic",
    "writing",
    "chat",
    "constraint",
    "question",
    "data",
    "language",
    "simple",
    "law",
)

_WORDS: dict[str, str] = {
    "code": """
        code function class def return import python java javascript typescript rust golang sql html css
        api bug error exception stack traceback debug compile compiler algorithm array string integer int
        float boolean bool loop recursion variable method object struct pointer thread async await server
        client database query schema regex script terminal shell bash linux docker kubernetes git commit
        branch refactor unittest test tests assert library framework react node backend frontend deploy
        parse parser json yaml xml http endpoint leetcode codeforces stdin stdout subarray node nodes tree
        graph hash hashmap tuple dict list lambda const let var void null none true false elif printf cpp
        repository implementation implement program programming repo lint runtime latency cache mutex
    """,
    "maths": """
        math maths equation equations solve integral derivative polynomial matrix vector theorem lemma proof
        prove probability expected variance sum product fraction ratio percent percentage triangle circle
        angle radius square root cube prime divisor divisible modulo remainder integers integer number
        numbers factorial permutation combination geometry algebra calculus arithmetic multiply divide
        subtract add minus plus equals compute calculate evaluate minimum maximum sequence series limit
        function real complex frac sqrt cdot leq geq neq sin cos tan log ln pi total many much cost price
        dollars cents hours minutes miles each per twice half average
    """,
    "reasoning": """
        prove proof derive deduce infer reason reasoning logic logical puzzle riddle step steps analyze
        analyse analysis evaluate compare contrast tradeoff tradeoffs optimize optimise design architecture
        strategy plan why explain justify rigorous rigorously formal hypothesis contradiction assumption
        assumptions therefore hence constraint constraints clue clues house houses deduction diagnose
        investigate critique complexity optimal consider
    """,
    "academic": """
        physics chemistry biology quantum molecule atom electron energy force velocity acceleration voltage
        current circuit temperature pressure thermodynamic enzyme protein gene cell cells dna rna acid base
        reaction oxidation equilibrium economics inflation demand supply market monetary fiscal history war
        century empire philosophy kant ethics moral psychology cognitive behavior disorder patient clinical
        diagnosis disease treatment symptoms anatomy nerve muscle blood virus bacteria astronomy planet
        geography sociology political government theory following statements statement true correct
        philosopher argument engineering mechanical electrical
    """,
    "writing": """
        write essay poem story blog email letter article paragraph tone rewrite draft edit paraphrase style
        creative fiction character dialogue lyrics song speech caption slogan headline tweet post resume
        cover marketing persuasive narrative novel haiku limerick sonnet roleplay pretend imagine persona
    """,
    "chat": """
        hi hello hey thanks thank please sorry bye ok okay yes no sure great good morning evening night you
        your my me i we feel love like want help tell recommend suggest advice favorite
    """,
    "constraint": """
        must should exactly least most only without never always no not avoid include exclude contain
        contains ensure limit less than more between words sentences sentence paragraphs lowercase uppercase
        capital letters letter format bullet bullets points wrapped quotation marks placeholder placeholders
        entire response keyword keywords times end start begin finish title section sections separated
    """,
    "question": """
        what which who whom whose when where why how is are does do did can could would will should
    """,
    "data": """
        extract table csv column columns row rows spreadsheet excel dataset data list summarize summarise
        summary classify classification label labels sentiment category categories entity entities field
        fields records count group sort filter convert key value document report invoice
    """,
    "language": """
        translate translation english spanish french german chinese japanese korean russian arabic
        portuguese italian hindi language grammar spelling pronounce synonym synonyms meaning word phrase
        sentence
    """,
    "simple": """
        define definition capital name list who when year color colour spell convert abbreviation stand
        short brief briefly quick quickly simple one
    """,
    "law": """
        law legal court plaintiff defendant contract statute liability tort negligence constitution
        constitutional jurisdiction appeal jury evidence attorney lawyer clause amendment property deed
        landowner crime criminal murder robbery trial judge
    """,
}


def _table() -> dict[bytes, tuple[int, ...]]:
    classes: dict[bytes, tuple[int, ...]] = {}
    for index, name in enumerate(CLASSES):
        for word in set(_WORDS[name].split()):
            key = word.encode()
            classes[key] = (*classes.get(key, ()), index)
    return classes


WORD_CLASSES: dict[bytes, tuple[int, ...]] = _table()
"""Word (lowercase UTF-8) -> indices into `CLASSES`."""
