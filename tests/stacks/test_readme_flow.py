from pathlib import Path

from stacks.assembly import Assembly, Definition
from stacks.diagram import flowchart, mermaid_block

README = Path(__file__).parents[2] / "README.md"


def test_readme_shows_the_flow_as_it_is(claude: Assembly) -> None:
    _, shown, _ = README.read_text().replace("<!-- /flow -->", "<!-- flow -->").split("<!-- flow -->")

    assert shown.strip() == mermaid_block(claude.definition).strip(), (
        "put the output of `python -m stacks.diagram` between the flow markers of README.md"
    )


def test_the_picture_has_every_state_once(claude: Assembly) -> None:
    picture = flowchart(claude.definition)

    for name in claude.definition["States"]:
        assert picture.count(f'"{name}"') == 1


def test_errors_are_one_arrow_and_broken_answers_another() -> None:
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fail", "ResultPath": "$.failure"}]}
    definition: Definition = {
        "StartAt": "One",
        "States": {
            "One": {"Type": "Task", "Next": "Two?", **caught},
            "Two?": {"Type": "Choice", "Choices": [{"Next": "One"}, {"Next": "Three (last)"}], "Default": "Broken"},
            "Broken": {"Type": "Pass", "Next": "Fail"},
            "Three (last)": {"Type": "Task", "End": True, **caught},
            "Fail": {"Type": "Fail"},
        },
    }

    assert flowchart(definition) == (
        "flowchart TD\n"
        '  subgraph main["main path"]\n'
        '    One["One"]\n'
        '    Two{"Two?"}\n'
        '    Threelast["Three (last)"]\n'
        '    Broken("Broken")\n'
        "  end\n"
        '  subgraph failure["failure path"]\n'
        '    Fail(["Fail"])\n'
        "  end\n"
        "  One --> Two\n"
        "  Two -- yes --> One\n"
        "  Two -- no --> Threelast\n"
        "  Broken --> Fail\n"
        "  main -. a task fails after its retries .-> Fail\n"
        "  main -. an answer is neither yes nor no .-> Broken\n"
    )
