"""How far local training walks from the common optimum."""
