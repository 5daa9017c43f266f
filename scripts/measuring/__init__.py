"""The parts of scripts/bench-fleet: the servers around an operator, and what is measured of it from outside."""
