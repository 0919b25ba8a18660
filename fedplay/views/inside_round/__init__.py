"""One round taken apart."""
