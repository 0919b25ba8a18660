"""The view Drift: how far local training moves clients away from the common optimum."""
