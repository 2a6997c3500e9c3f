"""What an article computes: its code runs in a process, results are kept, numbers are written down."""
