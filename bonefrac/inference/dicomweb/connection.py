"""Asking an archive over HTTP: verified, with timeouts and limits, each failure told in a line."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from bonefrac import __version__
from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.credentials import VARIABLE
from bonefrac.inference.dicomweb.failures import refused, unreached

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
_CHUNK = 2**20
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP, such as 200.
        kind: content type.
        body: whole.
    """

    status: int
    kind: str
    body: bytes


@dataclass(frozen=True)
class Connection:
    """Where an archive answers and how it is asked; picklable, each process connects for itself.

    The certificates of https are verified, against REQUESTS_CA_BUNDLE where that is set. A redirect
    is not followed: it would turn a store into a query, and carry patients to another place.

    Attributes:
        url: root of the DICOMweb services.
        authorization: value of that header, or None: then ~/.netrc is looked at.
        seconds: that the archive may be silent.

    Raises:
        BonefracError: the URL is none of http or https, or holds a password.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)
    seconds: float = field(default=ANSWER_SECONDS, repr=False)

    def __post_init__(self) -> None:
        parts = _split(self.url)
        if parts.username is not None or parts.password is not None:
            raise BonefracError(
                "A URL with a user or password in it",
                expected="one without: others can read a command line",
                fix=f"Put them into {VARIABLE} or a file",
            )
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def is_open(self) -> bool:
        """Whether patients and passwords go unencrypted to another machine."""
        parts = _split(self.url)
        return parts.scheme == "http" and parts.hostname not in _LOCAL

    def get(
        self,
        path: str,
        *,
        accept: str,
        most: int,
        query: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Ask for something.

        Args:
            path: below the root.
            accept: content types.
            most: bytes that the answer may have.
            query: what stands behind "?" in the URL.

        Raises:
            BonefracError: no answer, a longer one, or one that is not of status 2xx.
        """
        return self._ask("GET", path, {"Accept": accept}, most, query=query)

    def post(self, path: str, body: bytes, *, kind: str, accept: str, most: int) -> Answer:
        """Hand something over.

        Args:
            path: below the root.
            kind: content type of `body`.
            accept: content types of the answer.
            most: bytes that the answer may have.

        Raises:
            BonefracError: no answer, or one that is not of status 2xx or 409, which says in
                its body what was not stored.
        """
        headers = {"Accept": accept, "Content-Type": kind}
        return self._ask("POST", path, headers, most, body=body, fine=(409,))

    def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        most: int,
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
        fine: tuple[int, ...] = (),
    ) -> Answer:
        import requests

        try:
            with _session(self.authorization).request(
                method,
                f"{self.url}/{path}",
                params=query,
                data=body,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, self.seconds), self.seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                if not (200 <= response.status_code < 300 or response.status_code in fine):
                    raise refused(response, has_credentials=self.authorization is not None)
                return Answer(
                    response.status_code,
                    response.headers.get("Content-Type", ""),
                    self._content(response, most),
                )
        except requests.RequestException as error:
            raise unreached(error, self.url, seconds=self.seconds) from None

    def _content(self, response: "requests.Response", most: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > most:
                raise BonefracError(
                    f"{self.url} answers with more than {most // 2**20} MiB",
                    expected="one radiograph, or the list of a study",
                    fix="Check the UIDs",
                )
        return bytes(body)


@functools.lru_cache(maxsize=1)
def _session(authorization: str | None) -> "requests.Session":
    import requests

    session = requests.Session()
    # What inflates could do so without end, and pixels hardly shrink.
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = f"bonefrac/{__version__}"
    if authorization is not None:
        # Not as a header of the session: ~/.netrc would win over that.
        session.auth = functools.partial(_authorize, authorization)
    return session


def _authorize(
    authorization: str, request: "requests.PreparedRequest"
) -> "requests.PreparedRequest":
    request.headers["Authorization"] = authorization
    return request


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment:
        raise BonefracError(
            "A URL that is none of an archive",
            expected="such as https://pacs.example.org/dicom-web",
            fix="Check it",
        )
    return parts
