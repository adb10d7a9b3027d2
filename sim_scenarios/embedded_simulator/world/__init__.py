"""The simulated world as plain state: no bytes, no pixels, no clock."""
