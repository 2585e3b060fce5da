"""What was really programmed, told to users: status, health, metrics."""
