"""``python -m harness`` is the same program as the console command ``harness``."""

from harness.cli import main

if __name__ == "__main__":
    main()
