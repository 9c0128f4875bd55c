import numpy as np
import pytest
from scipy.special import expit


def _made(kind, rows):
    # The same in R:
    #   i <- 1:n; u <- ((i*7919) %% 10007)/10007; x <- ((i*6007) %% 9973)/9973
    #   p <- switch(kind, smooth=plogis(-3+4*x), rare=plogis(-6+4*x), ties=round(plogis(-3+4*x),2),
    #               few=c(.05,.1,.2,.35,.5,.8)[1+floor(6*x)], bump=x)
    #   q <- switch(kind, rare=plogis(-5+3*x), few=p^1.3, bump=x+.2*sin(9*x), plogis(-2.7+3.1*x))
    #   y <- as.numeric(u < q)
    i = np.arange(1, rows + 1)
    u, x = (i * 7919 % 10007) / 10007, (i * 6007 % 9973) / 9973
    few = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.8])[(6 * x).astype(int)]
    probability = {
        "smooth": expit(-3 + 4 * x),
        "rare": expit(-6 + 4 * x),
        "ties": np.round(expit(-3 + 4 * x), 2),
        "few": few,
        "bump": x,
    }[kind]
    chance = {"rare": expit(-5 + 3 * x), "few": few**1.3, "bump": x + 0.2 * np.sin(9 * x)}
    outcome = u < chance.get(kind, expit(-2.7 + 3.1 * x))
    return outcome.astype(float), probability


@pytest.fixture
def made():
    """Cases that R makes too, for values pasted from R."""
    return _made
