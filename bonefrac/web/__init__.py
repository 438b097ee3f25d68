"""The diagnosis page and the HTTP interface."""
