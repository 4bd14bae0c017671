"""Bounds of option values, and the strictness with which options are read."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict

LARGEST = 2**31 - 1
"""Nothing is counted beyond this, which every index of torch and numpy holds."""
Count = Annotated[int, Ge(1), Le(LARGEST)]
"""A whole number from 1 on."""
Natural = Annotated[int, Ge(0), Le(LARGEST)]
"""A whole number from 0 on."""
Seed = Annotated[int, Ge(0), Lt(2**63)]
"""A whole number from 0 to 2^63 - 1."""
Positive = Annotated[float, Gt(0)]
"""A number above 0."""
NonNegative = Annotated[float, Ge(0)]
"""A number from 0 on."""
Share = Annotated[float, Ge(0), Lt(1)]
"""A number from 0 to below 1."""
Probability = Annotated[float, Ge(0), Le(1)]
"""A number from 0 to 1."""

Precision = Literal["float32", "bfloat16"]


class Strict:
    """Options that are read with the fields they have and no others."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
