"""The demonstration: the whole service, told as one story on the local AWS."""
