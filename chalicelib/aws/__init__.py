"""The only package that knows boto3: our types in and out, errors translated once."""
