"""A trained model in, something that leaves the house out."""
