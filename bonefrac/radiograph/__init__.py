"""Reading one X-ray and fitting it to a model's square; no TensorFlow here."""
