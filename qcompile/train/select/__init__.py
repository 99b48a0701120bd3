"""What validation on the training rows decides: encoder, regularisation, inputs."""
