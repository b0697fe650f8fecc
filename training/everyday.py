"""Everyday requests, labelled by judgement, for traffic that no benchmark scored.

Public outcomes are exam questions. Nobody scored "say hello in French" on many models, and a triage
that only ever saw exams takes plain chat for something in between. So requests of everyday kinds are
written out from the templates below, each template with the bucket that its authors would send it to.
They are an opinion, not a measurement: they enter with the weight of one source, the card says so, no
figure is measured on them, and `--no-everyday` leaves them out.

They also stand for their kind of task among the clusters, with how hard they are and how long a usual answer is:
otherwise a greeting would be taken for the exam question that is nearest.

All fillings of a template stay on one side of every split.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import BUCKETS, Bucket
from training.data import Example

PER_TEMPLATE = 24

SOURCE = "everyday"
_TYPICAL_TOKENS: Mapping[str, tuple[float, float, float]] = {
    "chat": (20, 200, 600),
    "translation": (20, 200, 600),
    "extraction": (40, 250, 600),
    "writing": (50, 400, 1200),
    "knowledge": (80, 500, 1200),
    "math": (60, 300, 900),
    "reasoning": (60, 300, 900),
    "code": (150, 500, 1500),
}
"""Tokens of a usual answer by kind, as a cheap, a mid and a hard request: judgement, too."""

_SLOTS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "Anna",
        "Mr. Lee",
        "the team",
        "my manager",
        "our customers",
        "Priya",
        "a friend",
        "the landlord",
    ),
    "language": ("French", "Spanish", "German", "Japanese", "Italian", "Portuguese", "Polish", "Korean"),
    "phrase": (
        "good morning",
        "where is the station?",
        "thank you for your patience",
        "the meeting is at noon",
        "I would like a coffee",
        "see you next week",
    ),
    "topic": (
        "autumn",
        "our new office",
        "a lost cat",
        "the sea",
        "remote work",
        "solar panels",
        "a birthday party",
        "sourdough bread",
        "city cycling",
        "onboarding",
    ),
    "thing": (
        "a mutex",
        "compound interest",
        "photosynthesis",
        "an index fund",
        "a REST API",
        "inflation",
        "a noun",
        "gravity",
        "DNS",
        "a black hole",
    ),
    "country": ("France", "Kenya", "Peru", "Norway", "Vietnam", "Canada", "Egypt", "Portugal"),
    "sentence": (
        "I has a dog.",
        "He dont know where is the keys.",
        "the report are finish yesterday",
        "We was waiting since two hours.",
        "Their going too the store tomorow.",
    ),
    "passage": (
        "The meeting has moved to Thursday at 3 pm because the client is travelling. Please bring the revised "
        "budget and the two open questions about hosting.",
        "Sales rose 4 % in the second quarter, mostly in the north. Returns fell. The new warehouse opens in May.",
        "Our flight was cancelled, the hotline did not answer, and the refund took nine weeks. The crew was kind.",
    ),
    "simple_code": (
        "reverses a string",
        "checks whether a number is even",
        "counts the words in a file",
        "returns the largest item of a list",
        "reverses a linked list",
        "converts Celsius to Fahrenheit",
        "removes duplicates from a list",
    ),
    "coding_language": ("Python", "JavaScript", "Go", "Java", "TypeScript", "C#"),
    "small": ("17 * 23", "15 % of 80", "144 / 12", "2 to the power of 10", "350 + 275"),
    "feature": (
        "pagination to our orders endpoint",
        "a retry with backoff to the payment client",
        "role based access to the admin pages",
        "CSV export to the reports screen",
        "a cache in front of the product lookup",
    ),
    "error": (
        "TypeError: cannot read properties of undefined (reading 'map')",
        "psycopg2.errors.DeadlockDetected: deadlock detected",
        "java.lang.NullPointerException at OrderService.total(OrderService.java:88)",
        "segmentation fault (core dumped) after the third request",
    ),
    "system": (
        "a rate limiter for ten million requests a second across five regions",
        "an exactly-once event pipeline over unreliable consumers",
        "a multi-tenant vector search with strict isolation",
        "a collaborative editor that works offline and merges without conflicts",
        "a distributed lock service that survives clock skew",
    ),
    "hard_code": (
        "a lock-free multi-producer multi-consumer queue with safe memory reclamation",
        "a persistent balanced tree with O(log n) split and merge",
        "a register allocator based on graph colouring for a small compiler",
        "the push-relabel maximum flow algorithm with the gap heuristic",
        "a Raft consensus module with log compaction and membership changes",
    ),
    "theorem": (
        "there are infinitely many primes of the form 4k + 3",
        "the square root of 2 is irrational and generalise it to every non-square integer",
        "every continuous function on a compact metric space is uniformly continuous",
        "a finite integral domain is a field",
        "the sequence of Bernstein polynomials of f converges to f uniformly",
    ),
    "olympiad": (
        "Find all integer solutions of x^3 + y^3 = z^3 + 2 with |x|, |y|, |z| < 100.",
        "How many permutations of 1..12 have no two neighbours that differ by one?",
        "Determine all functions f on the reals with f(x + f(y)) = f(x) + y for all x and y.",
        "Let n > 3 be odd. Show that n divides the sum of the k-th powers of 1..n-1 for some k.",
    ),
}

_TEMPLATES: Mapping[Bucket, Sequence[tuple[str, str]]] = {
    "cheap": (
        ("chat", "hi"),
        ("chat", "Hello! How are you?"),
        ("chat", "thanks, that helps"),
        ("chat", "ok"),
        ("chat", "Good morning, {name} here."),
        ("translation", "Say hello in {language}."),
        ("translation", "Translate '{phrase}' to {language}."),
        ("translation", 'How do you say "{phrase}" in {language}?'),
        ("knowledge", "What is the capital of {country}?"),
        ("knowledge", "Which currency is used in {country}?"),
        ("knowledge", "What does {thing} mean, in one sentence?"),
        ("knowledge", "What is {thing}?"),
        ("knowledge", "Define {thing}."),
        ("writing", "Fix the grammar: {sentence}"),
        ("writing", "Correct this sentence: {sentence}"),
        ("writing", "Make this more polite: {sentence}"),
        ("extraction", "Summarize in one sentence: {passage}"),
        ("extraction", "Give me three bullet points from this: {passage}"),
        ("extraction", "Is this review positive or negative? {passage}"),
        ("extraction", "Extract the dates from this text: {passage}"),
        ("writing", "Write a haiku about {topic}."),
        ("writing", "Suggest five titles for a post about {topic}."),
        ("writing", "Write a two-line birthday wish for {name}."),
        ("knowledge", "Give me a synonym for 'happy'."),
        ("math", "What is {small}?"),
        ("math", "Convert 5 miles to kilometres."),
        ("knowledge", "List ten animals in alphabetical order."),
        ("code", "Write a {coding_language} function that {simple_code}."),
        ("code", "In {coding_language}, how do I read a file line by line?"),
        ("code", "What is the git command to undo the last commit?"),
        ("extraction", "Turn this into JSON with keys name and city: Anna lives in Oslo."),
        ("writing", "Write a short reply to {name}: yes, Tuesday works for me."),
        ("writing", "Tell me a joke about {topic}."),
        ("knowledge", "What day comes after Friday?"),
    ),
    "mid": (
        (
            "writing",
            "Write a friendly email to {name} about {topic}, about 150 words, with a clear request at the end.",
        ),
        ("knowledge", "Explain {thing} to a new colleague, with one example and one common mistake."),
        ("knowledge", "Compare {thing} with its main alternative and say when to use which."),
        (
            "code",
            "Add {feature}. Here is the handler: def handler(request): return service.find(request.query)",
        ),
        ("code", "I get this: {error}. The code ran fine last week. What should I check first and why?"),
        (
            "code",
            "Review this function for bugs: def total(xs): return sum(x.price * x.count for x in xs) / len(xs)",
        ),
        (
            "code",
            "Write unit tests in {coding_language} for a class that {simple_code} and handles bad input.",
        ),
        ("code", "Write a SQL query for the three best customers of each region, with ties, and explain it."),
        (
            "code",
            "Refactor a 60-line {coding_language} function with nested ifs into something readable; show the steps.",
        ),
        ("writing", "Write a one-page plan for {topic} with milestones, risks and a budget."),
        ("writing", "Draft a blog post about {topic} for beginners, in four sections, without jargon."),
        ("writing", "Plan a week of dinners for four, vegetarian, under 80 euros, with a shopping list."),
        (
            "math",
            "A train leaves at 3 pm at 60 mph, another at 4 pm at 80 mph on the same line. When does it catch up?",
        ),
        (
            "extraction",
            "Here are our notes: {passage} Write minutes with decisions, owners and open questions.",
        ),
        (
            "code",
            "Write a regular expression for ISO dates and explain each part, with three cases it must refuse.",
        ),
        (
            "knowledge",
            "What are the tax consequences of working from {country} for two months? Say what depends on what.",
        ),
    ),
    "hard": (
        ("code", "Design {system}. Discuss consistency, failure modes and cost, and justify every choice."),
        ("code", "Implement {hard_code} in {coding_language} and argue that it is correct."),
        ("math", "Prove that {theorem}."),
        ("math", "Prove rigorously, without quoting it as known, that {theorem}."),
        ("math", "{olympiad}"),
        ("math", "{olympiad} Justify your answer completely."),
        (
            "code",
            "Given an array of n integers and q queries, each asking for the number of distinct values in a range, with n and q up to 200000, give an algorithm and prove its complexity.",
        ),
        (
            "reasoning",
            "Five houses in a row, five nationalities, five drinks, five pets; fifteen clues follow, some of them negative. Deduce who owns the fish, showing every step: the Brit lives in the red house, the Swede keeps dogs, the green house is left of the white one, …",
        ),
        (
            "code",
            "Our service leaks memory only under load with {error}. Here are three heap summaries and the allocator's settings. Form hypotheses, rank them, and design the experiment that separates them.",
        ),
        (
            "math",
            "Derive the gradient and the Hessian of the negative log-likelihood of a softmax regression and show that it is convex.",
        ),
        (
            "code",
            "Migrate a 400-table schema from one database to another with no downtime: plan every phase, the dual writes, the verification and the way back, for {system}.",
        ),
        (
            "math",
            "Find the flaw in this argument and repair it, or show that it cannot be repaired: {theorem}, because otherwise the set of counterexamples would have a least element.",
        ),
    ),
}

_OTHER_LANGUAGES: Mapping[Bucket, Sequence[str]] = {
    "cheap": (
        "你好", "谢谢你的帮助", "法国的首都是哪里？", "把“早上好”翻译成英文", "用Python写一个反转字符串的函数", "用一句话总结这段话：会议改到周四下午三点。",
        "写一首关于秋天的短诗", "什么是互斥锁？", "17乘以23等于多少？", "こんにちは", "フランスの首都はどこですか？", "「おはよう」を英語に翻訳してください",
        "文字列を逆にするPythonの関数を書いてください", "次の文を要約してください：会議は木曜日に変更されました。", "안녕하세요", "프랑스의 수도는 어디인가요?",
        "'좋은 아침'을 영어로 번역해 주세요", "문자열을 뒤집는 파이썬 함수를 작성해 주세요", "Привет", "Спасибо за помощь", "Какая столица Франции?",
        "Переведи «доброе утро» на английский", "Напиши функцию на Python, которая переворачивает строку", "Кратко перескажи: встреча перенесена на четверг.",
        "Сколько будет 17 умножить на 23?", "مرحبا", "ما هي عاصمة فرنسا؟", "ترجم «صباح الخير» إلى الإنجليزية", "اكتب دالة بايثون تعكس سلسلة نصية",
        "لخص هذا النص في جملة: تأجل الاجتماع إلى الخميس.", "Hola, ¿qué tal?", "¿Cuál es la capital de Francia?", "Traduce 'buenos días' al inglés",
        "Escribe una función en Python que invierta una cadena", "Bonjour", "Quelle est la capitale du Pérou ?", "Traduis « bonne nuit » en anglais",
        "Hallo", "Was ist die Hauptstadt von Norwegen?", "Schreibe eine Python-Funktion, die eine Liste umkehrt",
    ),
    "mid": (
        "给客户写一封大约一百五十字的道歉邮件，说明延迟的原因和下一步", "比较REST和GraphQL，说明各自适合的场景，并举例", "我遇到了TypeError，上周代码还正常，应该先检查什么？为什么？",
        "お客様への謝罪メールを150字程度で、原因と今後の対応を含めて書いてください", "RESTとGraphQLを比較し、それぞれの使いどころを例とともに説明してください",
        "고객에게 지연 사유와 다음 단계를 설명하는 사과 이메일을 작성해 주세요", "Сравни REST и GraphQL и объясни на примерах, когда что использовать",
        "Напиши письмо клиенту с извинениями, причиной задержки и следующими шагами", "قارن بين REST و GraphQL واشرح متى نستخدم كلا منهما مع أمثلة",
        "اكتب رسالة اعتذار إلى عميل تشرح سبب التأخير والخطوات التالية", "Compara REST y GraphQL y explica con ejemplos cuándo usar cada uno",
        "Rédige un courriel d'excuses à un client avec la cause du retard et la suite", "Vergleiche REST und GraphQL und erkläre an Beispielen, wann was passt",
    ),
    "hard": (
        "证明根号2是无理数", "证明存在无穷多个形如4k+3的素数", "求所有满足条件的整数解并给出完整证明：x^3 + y^3 = z^3 + 2", "设计一个跨五个地区、每秒一千万请求的分布式限流器，讨论一致性、故障和成本",
        "实现一个无锁的多生产者多消费者队列并证明其正确性", "√2が無理数であることを証明してください", "4k+3の形の素数が無限に存在することを証明してください",
        "毎秒一千万リクエストの分散レートリミッタを設計し、整合性と障害を論じてください", "루트 2가 무리수임을 증명하세요", "4k+3 꼴의 소수가 무한히 많음을 증명하세요",
        "Докажи, что корень из двух иррационален", "Докажи, что существует бесконечно много простых чисел вида 4k+3",
        "Спроектируй распределённый ограничитель запросов на пять регионов, обсуди согласованность и отказы", "Найди все целые решения уравнения и докажи, что других нет: x^3 + y^3 = z^3 + 2",
        "أثبت أن الجذر التربيعي للعدد 2 عدد غير نسبي", "أثبت أن هناك عددا لا نهائيا من الأعداد الأولية على الصورة 4k+3", "صمم نظاما موزعا لتحديد معدل الطلبات عبر خمس مناطق وناقش الاتساق والأعطال",
        "Demuestra que la raíz cuadrada de 2 es irracional", "Demuestra que existen infinitos primos de la forma 4k+3", "Démontre que la racine carrée de 2 est irrationnelle",
        "Démontre qu'il existe une infinité de nombres premiers de la forme 4k+3", "Beweise, dass die Wurzel aus 2 irrational ist", "Entwirf einen verteilten Ratenbegrenzer für fünf Regionen und diskutiere Konsistenz und Ausfälle",
    ),
}  # fmt: skip
"""The same kinds of request in other languages: a script says nothing of how hard a request is."""


@dataclass(frozen=True, slots=True)
class Everyday:
    """One request: its `text`, its class (0 cheap, 1 mid, 2 hard) and the template it is from (-1: none).

    `kind` is a prefix of tasks as in `kinds.py`, empty without a template.
    """

    text: str
    label: int
    template: int
    kind: str = ""

    @property
    def tokens(self) -> float:
        """How many tokens a usual answer has; NaN without a kind."""
        return _TYPICAL_TOKENS[self.kind][self.label] if self.kind else float("nan")


def everyday(seed: int = 0) -> list[Everyday]:
    """Write the requests out; the same seed gives the same ones."""
    rng = random.Random(seed)
    requests: list[Everyday] = []
    template = 0
    for label, bucket in enumerate(BUCKETS):
        requests += [Everyday(text, label, -1) for text in _OTHER_LANGUAGES[bucket]]
        for kind, text in _TEMPLATES[bucket]:
            fillings = {_fill(text, rng) for _ in range(PER_TEMPLATE)}
            requests += [Everyday(filled, label, template, kind) for filled in sorted(fillings)]
            template += 1
    return requests


@dataclass(frozen=True, slots=True)
class Unscored:
    """Prompts without outcomes, for clusters and tables.

    `hardness` in standard deviations, usual `tokens`, and `weights` under which all templates count alike,
    whether they have one filling or many; their mean is 1. All (n,).
    """

    examples: tuple[Example, ...]
    hardness: NDArray[np.float64]
    tokens: NDArray[np.float64]
    weights: NDArray[np.float64]


def unscored(seed: int = 0) -> Unscored:
    """Give the requests of known kind; cheap ones are a standard deviation easier than mid ones, hard ones harder."""
    known = [request for request in everyday(seed) if request.kind]
    examples = [
        Example(str(i), SOURCE, f"{request.kind}/{SOURCE}", ({"role": "user", "content": request.text},), {})
        for i, request in enumerate(known)
    ]
    template = np.array([request.template for request in known])
    each = 1 / np.bincount(template)[template]
    return Unscored(
        tuple(examples),
        np.array([request.label - 1.0 for request in known]),
        np.array([request.tokens for request in known]),
        each / each.mean(),
    )


def _fill(template: str, rng: random.Random) -> str:
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    return template.format(**{name: rng.choice(_SLOTS[name]) for name in names})
