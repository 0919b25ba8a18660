"""Which labels each client has."""
