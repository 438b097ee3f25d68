"""What a network looked at, as outputs of its own: attention gates and attention rollout."""

import keras
from keras import ops

from bonefrac.errors import BonefracError
from bonefrac.models.blocks import Tensor
from bonefrac.models.layers import AttentionWeights, PatchTokens

ROLLOUT = "rollout"
_GATE = "_gate"


def attention_maps(model: keras.Model) -> keras.Model:
    """The same network with its attention as outputs; it shares the weights.

    Args:
        model: of an architecture that attends: a U-Net with gates or a Vision Transformer, also
            one that was loaded from a file.

    Returns:
        A model from `image` [B, H, W, 1] to a dict of float32 maps [B, h, w, 1]. Of gates, one map
        each under the layer's name (`dec1_gate`), how much of a skip passes, 0..1. Of a
        transformer, `rollout`: the share of each patch in the class token after the last block,
        by attention rollout (Abnar and Zuidema 2020, arXiv 2005.00928); with the class token's
        own share they sum to 1.

    Raises:
        BonefracError: the network has neither.
    """
    maps = {x.name: x.output for x in model.layers if x.name.endswith(_GATE)}
    attentions = [x.output for x in model.layers if isinstance(x, AttentionWeights)]
    if attentions:
        (tokens,) = (x for x in model.layers if isinstance(x, PatchTokens))
        height, width = tokens.input.shape[1:3]
        shares = _class_token_shares(attentions)
        maps[ROLLOUT] = ops.reshape(shares[:, 1:], (-1, height, width, 1))
    if not maps:
        raise BonefracError(
            f"{model.name} has no attention",
            expected="an Attention U-Net or a Vision Transformer",
            fix="Explain it with another method",
        )
    return keras.Model(model.input, {name: ops.cast(x, "float32") for name, x in maps.items()})


def attends(model: keras.Model) -> bool:
    """Whether a network has maps to give."""
    return any(x.name.endswith(_GATE) or isinstance(x, AttentionWeights) for x in model.layers)


def _class_token_shares(attentions: list[Tensor]) -> Tensor:
    """[B, heads, N, N] of each block, first to last -> [B, N]."""
    shares = None
    for attention in reversed(attentions):  # a row from the left: N times cheaper than matrices
        # Half of what leaves a block came around it: the residual connection.
        mean = ops.mean(ops.cast(attention, "float32"), axis=1) / 2
        if shares is None:
            first = ops.one_hot(0, mean.shape[1])
            shares = mean[:, 0] + first / 2
        else:
            shares = ops.squeeze(ops.matmul(shares[:, None], mean), axis=1) + shares / 2
    return shares
