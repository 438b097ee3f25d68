"""Pure Keras networks, any backend: tensors in, logits out."""
