"""What a server is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """How a server serves.

    Attributes:
        models: names or paths, as `load_model` takes them; the first answers where none is named.
        host: address to listen on.
        public_host: name by which a proxy in front is called, "" for none.
        token: that callers must show; "" asks for none.
        workers: radiographs looked at at a time.
        waiting: requests that may wait for a worker; more are told to come back.
        seconds: that one radiograph may take, decoding and waiting included.
        body: bytes that one request may have.
        rate: requests a second that one caller may make on average, 0 for any number.
        burst: requests that one caller may make at once.
    """

    models: tuple[Path, ...]
    host: str = "127.0.0.1"
    public_host: str = ""
    token: str = ""
    workers: int = 2
    waiting: int = 32
    seconds: float = 30.0
    body: int = 64 * 2**20
    rate: float = 10.0
    burst: int = 40

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can call."""
        return self.host in LOOPBACK and not self.public_host

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts that a caller may name; none for any."""
        if self.host not in LOOPBACK and not self.public_host:
            return ()
        return (*LOOPBACK, self.host, *([self.public_host] if self.public_host else []))
