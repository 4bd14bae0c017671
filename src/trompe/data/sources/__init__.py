"""Where samples come from: named sets, folders, files, and sets that are generated."""
