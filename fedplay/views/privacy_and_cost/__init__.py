"""What is spent of privacy, bytes and work."""
