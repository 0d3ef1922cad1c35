"""Which answers say that they do not answer, and which language a text is in."""

import pytest
from finetuning.languages import TextLanguage, language_of
from finetuning.refusals import is_refusal
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "answer",
    [
        "I don't have information about that.",
        "I don\u2019t have specific information on this service.",
        "Unfortunately, I do not have access to that document.",
        "I'm sorry, but I cannot answer this question.",
        "I am unable to provide that.",
        "I'm not able to help with this.",
        "I don't know.",
        "There is not enough information given.",
        "申し訳ありませんが、その情報は持っていません。",
        "その件に関する情報がありません。",
        "お答えすることができません。",
        "回答できかねます。",
        "詳しいことは分かりません。",
        "存じません。",
    ],
)
def test_a_refusal(answer: str) -> None:
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "It is billed by the hour until it is deleted.",
        "You cannot stop a job that has completed.",
        "Jobs do not have a deadline.",
        "The role must not have access to other buckets.",
        "The response has no information block.",
        "I know: it is 32.",
        "時間単位で課金されます。",
        "ジョブは削除できません。",
        "レコードが 32 件に満たないと開始できません。",
        "情報は S3 に保存されます。",
    ],
)
def test_no_refusal(answer: str) -> None:
    assert not is_refusal(answer)


@given(st.text())
def test_any_text_is_a_refusal_or_not(answer: str) -> None:
    assert is_refusal(answer) in (True, False)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is it?", "en"),
        ("Converse API とは何ですか。", "ja"),
        ("カタカナ", "ja"),
        ("料金", "ja"),
        ("ﾊﾝｶｸ", "ja"),
        ("42?", "other"),
        ("", "other"),
        ("Что это?", "other"),
    ],
)
def test_a_texts_language_follows_from_its_script(text: str, language: TextLanguage) -> None:
    assert language_of(text) == language
