"""Program and target to an Artifact, one file each."""
