"""What emulated runners share: compilers, images, traces and their price."""
