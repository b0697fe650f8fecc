"""What can be watched from outside."""
