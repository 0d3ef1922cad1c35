"""How many tokens a text has, roughly: limits and usage need a number, and Bedrock's tokenizers are not public."""

_ASCII_CHARACTERS_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """About four ASCII characters a token; any other character is one, as in Japanese."""
    ascii_characters = sum(character.isascii() for character in text)
    return -(-ascii_characters // _ASCII_CHARACTERS_PER_TOKEN) + len(text) - ascii_characters
