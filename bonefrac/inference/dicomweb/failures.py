"""What went wrong with an archive, each in a line that says what to do."""

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
        expected, fix = "it there", "Check that the URL is the root of DICOMweb, and the UIDs"
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
    if isinstance(error, requests.exceptions.SSLError):
        return BonefracError(
            f"{url} cannot be trusted ({_reason(error)})",
            expected="a certificate of a known authority",
            fix="Name the authority of the archive in REQUESTS_CA_BUNDLE",
        )
    if isinstance(error, requests.Timeout):
        return BonefracError(
            f"{url} is silent for {seconds:g} s",
            expected=expected,
            fix="Check the network, or give it longer with --timeout",
        )
    return BonefracError(
        f"{url} cannot be reached ({_reason(error)})",
        expected=expected,
        fix="Check the URL, the network and that it runs",
    )


def _reason(error: BaseException) -> str:
    """The innermost words of the system, such as "Connection refused"."""
    words = type(error).__name__
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            break
        words = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or words
        cause = _behind(cause)
    return " ".join(str(words).split())


def _behind(error: BaseException) -> BaseException | None:
    """urllib3 and requests carry the cause in `reason` or among the arguments."""
    carried = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((one for one in carried if isinstance(one, BaseException)), None)
