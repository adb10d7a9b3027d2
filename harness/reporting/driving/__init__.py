"""What a person sees of a closed-loop run: one HTML page out of the folder of ``harness drive``."""
