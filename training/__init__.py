"""From outcomes to a bundle: everything offline. See docs/training.md."""
