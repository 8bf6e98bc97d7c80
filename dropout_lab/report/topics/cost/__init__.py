"""What training took."""
