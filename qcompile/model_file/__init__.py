"""The one home of the model file's format: keys, guarded reading, packed digits, our network read back."""
