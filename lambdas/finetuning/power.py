"""How many questions it takes to show a difference, and which difference so many questions can show.

n = ((z(1 - alpha/2) + z(power)) * sd / difference)^2 for a paired comparison of means, by the normal approximation:
S.-C. Chow, J. Shao, H. Wang: Sample Size Calculations in Clinical Research, 2nd ed. (2008), chapter 3.1.
"""

import math
from statistics import NormalDist

ALPHA = 0.05
POWER = 0.8
_Z = NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)


def needed_questions(sd: float, difference: float) -> int:
    """So many show a true mean difference of that size with POWER; sd: of the differences by question."""
    return max(1, math.ceil((_Z * sd / difference) ** 2))


def detectable_difference(sd: float, n: int) -> float:
    """The smallest true mean difference that n questions show with POWER."""
    return _Z * sd / math.sqrt(n)
