"""Towns: street plans, OpenDRIVE, ground meshes, furniture, signals, spawn points and the navigation mesh."""
