"""What other tools draw on radiographs, one reader a format."""
