"""What is measured once, with the weights of a run's best epoch: one measure, one file."""
