"""Keeps to itself what matplotlib says of a home that cannot be written to; imported before matplotlib is.

In such a home matplotlib keeps its fonts in a temporary folder, and nothing that is drawn differs.
"""

from __future__ import annotations

import logging

UNSAID = ("temporary cache directory", "mkdir -p failed")


def of_concern(record: logging.LogRecord) -> bool:
    return not any(words in record.getMessage() for words in UNSAID)


logging.getLogger("matplotlib").addFilter(of_concern)
