"""Models taken elsewhere: as ONNX graphs, or as weights that explain themselves."""

from .graphs import export_graphs
from .verbs import VERBS
from .weights import export_weights

__all__ = ["VERBS", "export_graphs", "export_weights"]
