"""Certificates: made, stored and checked; shares nothing with the code that searches or solves."""
