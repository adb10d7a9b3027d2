"""From a mask of class ids to pedals and wheel; each step in a file of its own, from the picture to the control."""
