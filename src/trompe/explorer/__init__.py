"""The explorer: one page that opens any run, served by its model or exported with its graphs."""
