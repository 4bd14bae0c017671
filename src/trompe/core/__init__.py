"""The model, its distributions and the phases that train it."""
