"""What an evaluation leaves: JSON, Markdown, one HTML page, a terminal's tables."""
