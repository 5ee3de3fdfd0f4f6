//! An exchange in a box: the venues' own wire protocols, served over the simulator.
