"""What inference needs and nothing that trains: models, their files, and the audit of those files."""
