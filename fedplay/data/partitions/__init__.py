"""Ways to deal examples out to clients, one a file."""
