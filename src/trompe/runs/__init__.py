"""Trained models for use: predictors, and the run folders that hold them."""
