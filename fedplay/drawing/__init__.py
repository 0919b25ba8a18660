"""A toolkit on matplotlib, made once and updated in place; it knows no federated learning."""
