"""What a program costs on a target, every figure with its origin."""
