"""What went wrong with an archive, each in a line that says what to do."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.credentials import VARIABLE

if TYPE_CHECKING:
    import requests

_DEEPEST = 10  # causes of causes


def refused(response: "requests.Response", *, has_credentials: bool) -> BonefracError:
    """Of an answer that is none of success."""
    status = response.status_code
    said = f"{status} {response.reason or ''}".strip()
    expected, fix = "an answer", "Look into the log of the archive"
    if status in (401, 403):
        expected = "access"
        fix = (
            "Check the credentials and what they allow"
            if has_credentials
            else f"Put user:password or a token into {VARIABLE} or the file of --auth"
        )
    elif status == 404:
        expected, fix = "it to be there", "Check that the URL is the root of DICOMweb, and the UIDs"
    elif 300 <= status < 400:
        said += f" to {response.headers.get('Location', 'nowhere')}"
        expected, fix = "the archive itself", "Give the URL that it points to"
    return BonefracError(f"{response.url} answers {said}", expected=expected, fix=fix)


def unreached(error: "requests.RequestException", url: str, *, seconds: float) -> BonefracError:
    """Of no answer at all.

    Args:
        url: of the archive.
        seconds: that it may be silent.
    """
    import requests

    expected = "an archive that answers"
    chain = list(_chain(error))
    if any(isinstance(one, requests.Timeout | TimeoutError) for one in chain):
        return BonefracError(
            f"{url} is silent for {seconds:g} s",
            expected=expected,
            fix="Check the network, or give it longer with --timeout",
        )
    if isinstance(error, requests.exceptions.SSLError):
        return BonefracError(
            f"{url} gives no trusted connection ({_reason(chain)})",
            expected="https with a certificate of a known authority",
            fix="Name the authority in REQUESTS_CA_BUNDLE, or check that the archive speaks https",
        )
    return BonefracError(
        f"{url} cannot be reached ({_reason(chain)})",
        expected=expected,
        fix="Check the URL, the network and that it runs",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes; urllib3 and requests carry them in `reason` or the arguments."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        carried = (getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__)
        cause = next((one for one in carried if isinstance(one, BaseException)), None)


def _reason(chain: Sequence[BaseException]) -> str:
    """The innermost words of the system, such as "Connection refused"."""
    words = type(chain[0]).__name__
    for one in chain:
        words = getattr(one, "verify_message", "") or getattr(one, "strerror", "") or words
    return " ".join(str(words).split())
