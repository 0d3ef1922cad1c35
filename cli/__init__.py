"""The `bedrock-ft` command. A command is one module in cli/commands, with `add_to` and `run`."""
