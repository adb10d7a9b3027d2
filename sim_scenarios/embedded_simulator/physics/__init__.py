"""How vehicles and walkers move and touch: pure functions of state, control and time step."""
