"""Many radiographs through one model: which they are, what is done with each, what is kept."""
