"""Vision Transformer (Dosovitskiy et al., ICLR 2021, arXiv 2010.11929) with a U-shaped decoder."""

from collections.abc import Sequence

import keras
from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models import heads as h
from bonefrac.models.blocks import Tensor, conv_block, layer_norm, transformer_block, up_resize
from bonefrac.models.layers import PatchTokens, TokenGrid
from bonefrac.models.ushape import check_size, up_path
from bonefrac.schema import IMAGE


def vit(
    input_shape: Sequence[int] = (256, 256, 1),
    *,
    patch_size: int = 16,
    hidden_dim: int = 768,
    num_layers: int = 12,
    num_heads: int = 12,
    mlp_dim: int = 3072,
    filters: Sequence[int] = (16, 32, 64, 128),
    native_size: int = 256,
    dropout_rate: float = 0.0,
    approximate_gelu: bool = True,
    deep_supervision: bool = False,
    image_head: str = "deep",
    heads: Sequence[str] = h.HEADS,
    name: str = "vit",
) -> keras.Model:
    """Build a Vision Transformer that outlines: skips from inner layers into a decoder.

    The encoder is the paper's (ViT-B/16 by default, 85,798,656 trainable parameters at 224 with
    three channels): pre-norm, class token, learned positions. Deviations: GELU in its tanh form,
    which every converter and phone can run, unless `approximate_gelu=False`; other image sizes by
    bilinear positions, where the paper only says "2D interpolation"; a start that a few thousand
    radiographs can go on from, with positions as waves and attention to what is alike
    (`bonefrac.models.initializers`), as the paper's random one is for millions of images.

    The decoder is UNETR's (Hatamizadeh 2021, arXiv 2103.10504) in two dimensions, at its widths:
    with patches of 16, tokens at 1/4, 1/2 and 3/4 of the depth and the image itself are the
    skips, the last tokens the bottom. Deviations: bilinear upsampling with a 3x3 convolution for
    transposed and residual ones, as in `unet`; the class token, which UNETR lacks, is added to
    every place of the bottom (Ranftl 2021, arXiv 2103.13413).

    Args:
        input_shape: (H, W, 1), H and W multiples of `patch_size`; none of them open.
        patch_size: side of a patch, 2 ** len(filters) pixels.
        hidden_dim: width of a token, a multiple of `num_heads`.
        num_layers: transformer blocks.
        num_heads: of each attention; `block07_attention` is its softmax [B, heads, N, N], the
            class token first.
        mlp_dim: width inside a block.
        filters: channels of the decoder at each resolution, the full one first.
        native_size: side of the square image that the positions are made for, pixels.
        dropout_rate: inside the blocks and behind the positions.
        approximate_gelu: tanh instead of the error function.
        deep_supervision: further outputs `mask_1`, `mask_2`, ... at 1/2, 1/4, ... of the size.
        image_head: of `bonefrac.models.heads.model`.
        heads: of "mask" and "fracture".
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H, W or `native_size` is open or does not divide, a patch does not fit
            `filters`, or the width not the heads.
    """
    _check_size(input_shape, patch_size=patch_size, num_widths=len(filters))
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / 127.5, offset=-1, name="rescale")(image)
    states = encoder(
        x,
        patch_size=patch_size,
        hidden_dim=hidden_dim,
        num_layers=num_layers,
        num_heads=num_heads,
        mlp_dim=mlp_dim,
        native_size=native_size,
        dropout_rate=dropout_rate,
        approximate_gelu=approximate_gelu,
    )
    sides = (input_shape[0] // patch_size, input_shape[1] // patch_size)
    skips = [conv_block(x, filters[0], name="enc0")]
    for level in range(1, len(filters)):
        z = states[num_layers * level // len(filters)]
        z = TokenGrid(sides, name=f"enc{level}_grid")(z)
        for step in range(len(filters) - level):
            z = up_resize(z, filters[level], name=f"enc{level}_{step}")
        skips.append(z)
    bottom = TokenGrid(sides, readout="add", name="bottom")(states[-1])
    return h.model(
        image,
        [*up_path(bottom, skips, filters), bottom],
        heads=heads,
        name=name,
        deep_supervision=deep_supervision,
        image_head=image_head,
    )


def encoder(
    x: Tensor,
    *,
    patch_size: int,
    hidden_dim: int,
    num_layers: int,
    num_heads: int,
    mlp_dim: int,
    native_size: int,
    dropout_rate: float = 0.0,
    approximate_gelu: bool = True,
) -> list[Tensor]:
    """The transformer alone: an image [B, H, W, C] in -1..1 and the arguments of `vit`.

    Returns:
        The tokens [B, 1 + N, D], class token first, before the first block and after each; the
        last ones normalised.
    """
    check_size((native_size, native_size), stride=patch_size)
    if hidden_dim % num_heads:
        raise BonefracError(
            f"{num_heads} heads over a width of {hidden_dim}",
            expected="heads that divide the width",
            fix="Heads of 64 are the paper's",
        )
    side = native_size // patch_size
    patches = kl.Conv2D(
        hidden_dim,
        patch_size,
        strides=patch_size,
        kernel_initializer="lecun_normal",
        name="patches",
    )(x)
    tokens = PatchTokens((side, side), name="tokens")(patches)
    if dropout_rate:
        tokens = kl.Dropout(dropout_rate, name="tokens_drop")(tokens)
    states = [tokens]
    for block in range(num_layers):
        tokens = transformer_block(
            tokens,
            num_heads=num_heads,
            mlp_dim=mlp_dim,
            dropout_rate=dropout_rate,
            approximate_gelu=approximate_gelu,
            name=f"block{block:02d}",
        )
        states.append(tokens)
    states[-1] = layer_norm(tokens, name="encoded")
    return states


def _check_size(input_shape: Sequence[int | None], *, patch_size: int, num_widths: int) -> None:
    if patch_size != 2**num_widths:
        raise BonefracError(
            f"Patches of {patch_size} with {num_widths} decoder widths",
            expected=f"patches of {2**num_widths}",
            fix="Give one width for each time the patch can be halved",
        )
    if None in input_shape:
        raise BonefracError(
            f"An open image size {tuple(input_shape)}",
            expected=f"multiples of {patch_size}; a transformer lays its positions out when built",
            fix="Build it for one size: the same weights fit every other",
        )
    check_size(input_shape[:2], stride=patch_size)
