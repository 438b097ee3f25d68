"""The commands; click at import, everything heavy inside the command bodies."""
