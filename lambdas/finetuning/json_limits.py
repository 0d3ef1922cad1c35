"""What Python's json does not read although it may be JSON."""


def beyond_reading(error: ValueError | RecursionError) -> str:
    """What a text has that json.loads, which raised no JSONDecodeError but this error, does not read."""
    return "brackets nested too deep" if isinstance(error, RecursionError) else "a number of too many digits"
