"""The token estimate, against a real tokenizer where it claims accuracy."""

from __future__ import annotations

import inspect
import json
import statistics
from collections.abc import Callable

import pytest

from heimdall_litellm.core.tokens import estimate_tokens, tokens_in
from training.fit_tokens import tokenizer

PROSE = (
    "The lighthouse keeper had not spoken to anyone in eleven days when the boat came. He watched it from "
    "the gallery, a small white thing climbing and dropping between the waves, and wondered whether the "
    "man at the tiller knew about the rocks on the northern side. It would be dark within the hour. He "
    "went down, put the kettle on, and began to look for his good coat. Most economists agree that the "
    "effect of such a policy depends on expectations: if households believe that the change is permanent, "
    "they adjust their spending at once; otherwise they wait, and the measured response is close to zero."
)
CHINESE = (
    "机器学习是人工智能的一个分支，它使计算机能够从数据中学习并做出预测或决策，而无需进行明确的编程。近"
    "年来，随着计算能力的提高和大数据的普及，机器学习在各个领域得到了广泛的应用，例如图像识别、自然语言"
    "处理、推荐系统以及医疗诊断等。那天晚上下着大雨，他一个人坐在窗边，想起小时候母亲给他讲过的故事，不"
    "知不觉眼睛就湿了。"
)
JAPANESE = (
    "機械学習は人工知能の一分野であり、明示的にプログラムしなくても、コンピューターがデータから学習して"
    "予測や判断を行えるようにする技術です。その夜は雨が強く降っていて、彼は窓のそばに座り、子供の頃に母"
    "が話してくれた物語を思い出していた。"
)
KOREAN = (
    "기계 학습은 인공지능의 한 분야로, 명시적으로 프로그래밍하지 않아도 컴퓨터가 데이터에서 학습하여 "
    "예측이나 결정을 내릴 수 있게 해 주는 기술이다. 그날 밤은 비가 많이 내렸고, 그는 창가에 앉아 어릴 "
    "때 어머니가 들려주던 이야기를 떠올렸다."
)
RUSSIAN = (
    "Машинное обучение — это раздел искусственного интеллекта, который позволяет компьютерам учиться "
    "на данных и принимать решения без явного программирования. В тот вечер шёл сильный дождь, он сидел "
    "один у окна и вспоминал сказки, которые в детстве рассказывала ему мать."
)
ARABIC = (
    "التعلم الآلي هو فرع من فروع الذكاء الاصطناعي يسمح لأجهزة الحاسوب بالتعلم من البيانات واتخاذ "
    "القرارات دون برمجة صريحة. في تلك الليلة كان المطر غزيرا، وجلس وحده قرب النافذة يتذكر الحكايات التي "
    "كانت أمه ترويها له."
)
CODE = inspect.getsource(json.decoder) + inspect.getsource(statistics)[:6000]
JSON = json.dumps(
    [
        {"id": n, "user_name": f"name {n}", "tags": ["alpha", "beta"], "ratio": n / 7, "active": n % 2 == 0}
        for n in range(30)
    ]
)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    return tokenizer("o200k_base")


@pytest.mark.parametrize(
    ("text", "within"),
    [
        pytest.param(PROSE, 0.10, id="English prose"),
        pytest.param(CODE, 0.10, id="code"),
        pytest.param(JSON, 0.10, id="JSON"),
        pytest.param(CHINESE + JAPANESE + KOREAN, 0.10, id="CJK"),
        pytest.param(CHINESE, 0.20, id="Chinese"),
        pytest.param(JAPANESE, 0.20, id="Japanese"),
        pytest.param(KOREAN, 0.20, id="Korean"),
        pytest.param(RUSSIAN, 0.25, id="Russian"),
        pytest.param(ARABIC, 0.20, id="Arabic"),
    ],
)
def test_the_estimate_is_near_a_real_tokenizer(text: str, within: float, exact: Callable[[str], int]) -> None:
    assert estimate_tokens(text) == pytest.approx(exact(text), rel=within)


def test_a_long_text_is_measured_in_windows_and_still_right(exact: Callable[[str], int]) -> None:
    text = PROSE * 40 + CODE * 2
    assert estimate_tokens(text) == pytest.approx(exact(text), rel=0.15)


def test_a_conversation_counts_as_its_texts_together(exact: Callable[[str], int]) -> None:
    parts = [PROSE, JSON, "ok", "", CHINESE, PROSE[:200]] * 5
    assert tokens_in(parts) == pytest.approx(sum(map(exact, parts)), rel=0.20)


def test_nothing_is_no_tokens_and_something_is_at_least_one() -> None:
    assert tokens_in([]) == 0
    assert tokens_in(["", ""]) == 0
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") >= 1
    assert estimate_tokens("\n" * 5000) >= 1


class Counted(str):
    """A string that remembers how much of it was read."""

    read = 0

    def __getitem__(self, key: object) -> str:
        found = super().__getitem__(key)  # type: ignore[index]
        Counted.read += len(found)
        return found


def test_of_a_text_of_any_length_only_windows_are_read() -> None:
    Counted.read = 0
    assert tokens_in([Counted(PROSE * 5000)]) > 100_000
    assert 0 < Counted.read <= 1536


def test_the_last_characters_are_seen_as_well_as_the_first() -> None:
    spaces = " " * 100_000
    assert estimate_tokens(spaces + PROSE) > 2 * estimate_tokens(spaces)


def test_lone_surrogates_count_like_any_unknown_character() -> None:
    assert estimate_tokens("\ud800" * 10) >= 1
