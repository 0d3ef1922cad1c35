"""One module for each command of `bedrock-ft`."""
