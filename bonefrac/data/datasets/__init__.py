"""One TensorFlow Datasets builder a file."""
