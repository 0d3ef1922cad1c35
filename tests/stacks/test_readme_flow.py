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


def test_errors_are_one_arrow() -> None:
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fail", "ResultPath": "$.failure"}]}
    definition: Definition = {
        "StartAt": "One",
        "States": {
            "One": {"Type": "Task", "Next": "Two?", **caught},
            "Two?": {"Type": "Choice", "Choices": [{"Next": "One"}], "Default": "Three (last)"},
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
        "  end\n"
        '  subgraph failure["failure path"]\n'
        '    Fail(["Fail"])\n'
        "  end\n"
        "  One --> Two\n"
        "  Two -- yes --> One\n"
        "  Two -- no --> Threelast\n"
        "  main -. a task fails after its retries .-> Fail\n"
    )
