"""What a recipe holds, as frozen dataclasses with their bounds in the types. Importing them does not import torch."""
