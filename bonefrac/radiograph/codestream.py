"""What a compressed picture claims, read from its first bytes without decoding it."""

JPEG, JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
JP2_BOX = b"\x00\x00\x00\x0cjP  "
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF markers, that of JPEG-LS the last
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_SCAN = b"\xff\xda"
# Each scan of a progressive JPEG visits every block of the picture, however few bytes it has:
# thousands fit into a small file. libjpeg writes 10 for a colour picture.
MAX_SCANS = 100


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG, JPEG-LS or JPEG 2000 codestream claims; None of any other."""
    claim = claimed(data)
    return None if claim is None else claim[:2]


def claimed(data: bytes) -> tuple[int, int, int] | None:
    """Height, width and components that a codestream claims, or None.

    Markers are those of ITU-T T.81 table B.1, T.87 annex C and T.800 annex A, boxes those of
    T.800 annex I.
    """
    if data.startswith(JP2_BOX):
        start = _contiguous(data)
        return claimed(data[start : start + 64]) if start else None
    if data.startswith(JPEG_2000):
        right, bottom, left, top = (int.from_bytes(data[k : k + 4], "big") for k in range(8, 24, 4))
        return bottom - top, right - left, int.from_bytes(data[40:42], "big")
    return _of_jpeg(data) if data.startswith(JPEG) else None


def scans(data: bytes) -> int:
    """How many scans a JPEG has at most; 0 of anything else. A preview in it counts as well."""
    return data.count(_SCAN) if data.startswith(JPEG) else 0


def _contiguous(data: bytes) -> int:
    """Where the codestream box of a JP2 file begins; another box may hold a decoy."""
    place = 0
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        header = 8
        if length == 1:  # the length stands behind the kind, in 8 bytes
            length, header = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        if kind == b"jp2c":
            return place + header
        if length < header:
            return 0
        place += length
    return 0


def _of_jpeg(data: bytes) -> tuple[int, int, int] | None:
    place = 2
    while place + 10 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[k : k + 2], "big") for k in (place + 5, place + 7))
            return height, width, data[place + 9]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
