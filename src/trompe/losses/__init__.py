"""Losses: pure functions of model, batch and step that return named, weighted terms per sample."""
