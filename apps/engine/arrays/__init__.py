"""The analysis on arrays: the only place that knows numpy and scipy."""

import numpy as np
import scipy.sparse as sp

__all__ = ["np", "sp"]
