"""What the signatures of the library say: a number or what numpy makes an array of goes in, floats or arrays come out.

A function over arrays has two signatures: numbers alone give a `float`, anything else an array.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

ArrayLike: TypeAlias = npt.ArrayLike
FloatArray: TypeAlias = npt.NDArray[np.float64]
Floats: TypeAlias = float | FloatArray
