"""From counts to ratios, intervals and differences: formulas alone."""
