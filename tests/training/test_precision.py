"""A precision that this processor can only imitate is warned of."""

import pytest

from bonefrac.training.precision import slow_precision
from bonefrac.training.settings import Settings

HALF = Settings("unet_tiny", 64, precision="bfloat16")


@pytest.mark.parametrize(
    "flags, warned",
    [
        ("flags\t\t: fpu sse4_2 avx avx2 fma", True),
        ("flags\t\t: fpu avx512f avx512_vnni", True),
        ("flags\t\t: fpu avx512f avx512_bf16 avx512_fp16", False),
        ("flags\t\t: fpu amx_bf16 amx_tile", False),
        ("Features\t: fp asimd i8mm bf16", False),
    ],
)
def test_bfloat16_is_for_processors_that_have_it(tmp_path, flags, warned):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{flags}\n")
    assert bool(slow_precision(HALF, cpuinfo=cpuinfo)) == warned


def test_no_word_where_nothing_is_known_or_asked_for(tmp_path):
    assert slow_precision(HALF, cpuinfo=tmp_path / "none") == []
    (tmp_path / "cpuinfo").write_text("flags : fpu\n")
    assert slow_precision(Settings("unet_tiny", 64), cpuinfo=tmp_path / "cpuinfo") == []
