"""Which parameters are shared and which a client keeps."""
