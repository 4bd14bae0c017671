"""The explorer in a real browser: the pages that a server gives, and those that were exported."""
