"""Numbers for figures and views: paths, planes, traversals, gradients; nothing here draws."""
