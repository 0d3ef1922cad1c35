"""Secrets and personal data are found, and never shown."""

import pytest
from finetuning.coverage import Example
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.sensitive import Sensitive, masked
from hypothesis import given
from hypothesis import strategies as st

# Made up; put together here so that no scanner of repositories takes them for real ones.
KEY = "K7Q2mZx9" * 5
SECRETS = [
    ("an AWS access key", "AKIA" + "Q3EGR7KZ5XNWP2LM"),
    ("an Amazon Bedrock API key", "ABSK" + KEY * 3),
    ("a GitHub token", "ghp_" + KEY[:36]),
    ("a GitLab token", "glpat-" + KEY[:20]),
    ("a Slack token", "xoxb-" + "204857392-" + KEY[:20]),
    ("a Stripe key", "sk_live_" + KEY[:24]),
    ("a Google API key", "AIza" + KEY[:35]),
    ("an API key", "sk-ant-" + KEY),
    ("a Hugging Face token", "hf_" + KEY[:34]),
    ("an npm token", "npm_" + KEY[:36]),
    ("a PyPI token", "pypi-" + KEY * 2),
    ("a JSON Web Token", f"eyJ{KEY[:12]}.eyJ{KEY[:20]}.{KEY[:30]}"),
    ("a private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
]
PASSWORDS = [
    ("The password is {}.", "Tr0ub4dor&3"),
    ("password: {}", "winter2026!"),
    ('{{"api_key": "{}"}}', "3fb81c09d2e7"),
    ("パスワードは {} です。", "sakura2026x"),
    ("パスワード\uff1a「{}」", "sakura2026x"),
    ("Connect to postgres://admin:{}@db.internal:5432/shop.", "s3cr3tpass"),
    ("aws_secret_access_key = {}", "wJ4lrXUtnFEMI7K9MDENGbPxRfiCYzQ2hT8sVaUw"),
]
PERSONAL = [
    ("an e-mail address", "jane.roe@mailbox.org"),
    ("an e-mail address", "t.yamada@nifty.ne.jp"),
    ("a phone number", "+44 20 7946 1234"),
    ("a phone number", "(206) 482-9173"),
    ("the number of a payment card", "4929 1234 5678 9015"),
    ("the number of a bank account (IBAN)", "DE89 3704 0044 0532 0130 00"),
    ("a US social security number", "219-46-3187"),
]
HARMLESS = [
    "Write to support@example.com or to me@shop.example.",
    "Use the key AKIAIOSFODNN7EXAMPLE, as the documents do.",
    "Set api_key=<your-api-key> or password: ${DB_PASSWORD1}.",
    "Password: required, at least 12 characters.",
    "The password is case-sensitive and expires every 90 days.",
    "パスワードは8文字以上にしてください。",
    "Call (206) 555-0123 in the film, or 1-800-275-2273 for the hotline.",
    "0120-444-444 はフリーダイヤルです。",
    "Order 4929123456789012 came on 2026-11-25 at 10:30:00.",
    "The limits are 1,048,576 tokens, 10 485 760 bytes and 2147483647.",
    "The version is 10.20.30.4000 and the address 192.168.100.200.",
    "ISBN 978-3-16-148410-0, account 111122223333.",
    "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdef123456",
    "The part number is 078-05-1120.",
    "Connect with postgresql://user:password@localhost/db.",
    "Ask for the token, then send the secret: it is the key to the house.",
]


def findings(*texts: str, system: str = "") -> list[Finding]:
    read = Sensitive("training.jsonl")
    for line, text in enumerate(texts, start=1):
        read.read(Example("What is it?", text, system=system, line=line))
    return list(read.findings())


@pytest.mark.parametrize(("what", "value"), SECRETS)
def test_keys_are_found_and_not_shown(what: str, value: str) -> None:
    [found] = findings("Nothing.", f"Use {value}, please.", f"値は{value}です。")

    assert (found.file, found.line, found.code.name) == ("training.jsonl", 2, "secret")
    assert found.message == f"holds what looks like {what} ({value[:4]}…), as 1 more record does"
    assert value not in str(found)


@pytest.mark.parametrize(("text", "value"), PASSWORDS)
def test_passwords_are_found_and_not_shown(text: str, value: str) -> None:
    [found] = findings(text.format(value))

    assert found.code.name == "secret"
    assert "password" in found.message
    assert value[:5] not in str(found)


@pytest.mark.parametrize(("what", "value"), PERSONAL)
def test_personal_data_are_found_and_not_shown(what: str, value: str) -> None:
    [found] = findings(f"Ask {value}, please.")

    assert found.code.name == "personal-data"
    assert f"looks like {what} (" in found.message
    assert value[:5] not in str(found)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a phone number", "担当の山田\uff08090-3912-5678\uff09までお電話ください。"),
        ("a phone number", "電話は03-3581-1212です。"),
        ("an e-mail address", "連絡先はt.yamada@nifty.ne.jpです。"),
        ("a Japanese individual number", "マイナンバーは 1234 5678 9018 です。"),
    ],
)
def test_personal_data_in_japanese_texts(what: str, text: str) -> None:
    [found] = findings(text)

    assert f"looks like {what} (" in found.message


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_them_is_left_alone(text: str) -> None:
    assert [str(each) for each in findings(text)] == []


def test_a_wrong_check_digit_makes_it_another_number() -> None:
    assert findings("4929 1234 5678 9016", "DE89 3704 0044 0532 0130 01", "マイナンバーは 1234 5678 9012 です。") == []


def test_what_every_system_prompt_holds_is_one_finding() -> None:
    [found] = findings(*["Nothing."] * 40, system="You write as jane.roe@mailbox.org.")

    assert found.line == 1
    assert found.message == "holds what looks like an e-mail address (jane…), as 39 more records do"


@given(st.text(min_size=1))
def test_at_most_a_quarter_of_a_value_is_shown(value: str) -> None:
    assert len(masked(value)) - 1 <= min(4, len(value) / 4)
    assert value.startswith(masked(value)[:-1])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_read(text: str) -> None:
    assert all(each.line == 1 for each in findings(text))
