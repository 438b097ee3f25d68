"""The size that a compressed picture claims, read from its first bytes without decoding it."""

_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
_JP2_BOX = b"\x00\x00\x00\x0cjP  "
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF markers, that of JPEG-LS the last
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG, JPEG-LS or JPEG 2000 codestream claims; None of any other.

    Markers are those of ITU-T T.81 table B.1, T.87 annex C and T.800 annex A.
    """
    if data.startswith(_JP2_BOX):
        start = data.find(_JPEG_2000)
        return claimed_size(data[start:]) if start > 0 else None
    if data.startswith(_JPEG_2000):
        right, bottom, left, top = (int.from_bytes(data[k : k + 4], "big") for k in range(8, 24, 4))
        return bottom - top, right - left
    return _of_jpeg(data) if data.startswith(_JPEG) else None


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[k : k + 2], "big") for k in (place + 5, place + 7))
            return height, width
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
