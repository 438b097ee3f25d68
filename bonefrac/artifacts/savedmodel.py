"""SavedModel as TensorFlow Serving loads it: `<name>/<version>/` with two signatures."""

from pathlib import Path

import keras
import tensorflow as tf

from bonefrac import schema, storage
from bonefrac.artifacts.serving import serving_model
from bonefrac.artifacts.warmup import write_warmup
from bonefrac.data.geometry import letterbox
from bonefrac.inference.card import Card


def next_version(folder: Path) -> Path:
    """The folder of the version after the highest one below `folder`, 1 if there is none."""
    taken = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    return folder / str(max(taken, default=0) + 1)


def write_savedmodel(model: keras.Model, card: Card, folder: Path) -> None:
    """Write one version.

    Signatures: `serving_default` takes `image_bytes` (string [B], PNG or JPEG; EXIF orientation
    is not applied in the graph), `serve_tensor` takes `image` (float32 [B, S, S, 1], 0..255,
    letterboxed). Both return `mask_probability` [B, S, S, 1] on the letterboxed square and
    `fracture_probability` [B, 1].

    Args:
        model: from `image` to logits.
        card: of the model; goes into `assets.extra`, beside requests to warm up with.
        folder: to create.
    """
    size = card.image_size
    archive = keras.export.ExportArchive()
    image = tf.TensorSpec((None, size, size, 1), tf.float32, name=schema.IMAGE)
    serve = archive.track_and_add_endpoint(
        schema.SERVE_TENSOR, serving_model(model, card), input_signature=[image]
    )

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name=schema.IMAGE_BYTES)])
    def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        def square(encoded: tf.Tensor) -> tf.Tensor:
            decoded = tf.io.decode_image(encoded, channels=1, expand_animations=False)
            return letterbox(decoded, size)

        return serve(tf.map_fn(square, image_bytes, fn_output_signature=image.dtype))

    archive.add_endpoint(schema.SERVING_DEFAULT, serve_bytes)
    archive.write_out(str(folder), verbose=False)
    extra = folder / "assets.extra"
    extra.mkdir()
    (extra / schema.CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    write_warmup(extra, image_size=size)
    storage.write_manifest(folder)
