"""The logic of a fine-tuning experiment on Amazon Bedrock; the handlers beside this package are thin."""
