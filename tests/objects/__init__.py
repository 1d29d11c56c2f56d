"""Object storage, on a real server that speaks S3 on the loopback."""
