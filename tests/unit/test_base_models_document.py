"""docs/base-models.md says what the catalogue says, of every entry."""

from pathlib import Path

from finetuning.base_models import BASE_MODELS

from cli.base_models_document import document

DOCUMENT = Path(__file__).parents[2] / "docs" / "base-models.md"


def test_the_document_is_what_the_catalogue_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(BASE_MODELS), (
        "make it anew: `.venv/bin/python -m cli.base_models_document > docs/base-models.md`"
    )


def test_an_entry_has_its_facts() -> None:
    overview, haiku = document({"claude-3-haiku": BASE_MODELS["claude-3-haiku"]}).split("## claude-3-haiku\n")

    assert "| `claude-3-haiku` (default) | [Claude 3 Haiku](#claude-3-haiku) | us-west-2 | messages |" in overview
    for row in (
        "| id for customization | `anthropic.claude-3-haiku-20240307-v1:0:200k` |",
        "| life cycle | Legacy 2026-03-10, extended access 2026-06-10, end of life 2026-09-10 |",
        "| training records | 32 to 10,000 |",
        "| reserved strings | `\\nHuman:`, `\\nAssistant:` |",
        "| price: model unit and hour, no commitment | $132 (bill of a run in us-west-2, reported 2024-2026) |",
        "| **not documented, so assumed** | nothing |",
        "| `epochCount` | integer | 1 to 10 | 2 | 10 |",
        "| `earlyStoppingThreshold` | number | 0 to 0.1 | 0.001 | 0.001 |",
    ):
        assert row in haiku


def test_what_is_not_known_is_said() -> None:
    llama = document({"llama3-3-70b": BASE_MODELS["llama3-3-70b"]})

    assert "| hosting of custom models | on-demand deployment |" in llama
    assert "| life cycle | no end announced |" in llama
    output = "1,000 output tokens of the custom model, on demand"
    assert f"| price: {output} | unknown (not published where we could read it) |" in llama
    assert "model unit and hour" not in llama
    assert "how many tokens a record may have; how large the files may be" in llama
