"""What the journal tells of a period: traffic, spend, savings and how sure they are, failovers, quality."""
