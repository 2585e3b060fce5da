"""What users write and read: Kubernetes objects, configuration, names. No I/O."""
