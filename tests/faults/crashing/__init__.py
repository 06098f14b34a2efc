"""Places on a job's way at which its process can be made to die, once each."""
