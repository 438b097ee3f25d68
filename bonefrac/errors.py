"""The one exception that a user's mistake raises: what came, what was expected, what to do."""


class BonefracError(ValueError):
    """Bad input, told in one line.

    Args:
        received: what came, naming the file or value.
        expected: what would have been right.
        fix: what the user can do about it.
    """

    def __init__(self, received: str, *, expected: str, fix: str) -> None:
        super().__init__(f"{received}; expected {expected}. {fix}.")
        self.received, self.expected, self.fix = received, expected, fix

    def __reduce__(self):
        # BaseException pickles only positional arguments; worker processes need the others too.
        return _rebuild, (self.received, self.expected, self.fix)


def in_one_line(error: BaseException) -> str:
    """What an error says, without its line breaks."""
    return " ".join(str(error).split())


def reason(error: BaseException) -> str:
    """What a library's error says, as part of a line; its class where it says nothing."""
    return in_one_line(error).rstrip(".") or type(error).__name__


def _rebuild(received: str, expected: str, fix: str) -> BonefracError:
    return BonefracError(received, expected=expected, fix=fix)
