"""Decision regions of two features."""
