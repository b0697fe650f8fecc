"""Speed and quality beside the alternatives, in one run, as ratios."""
