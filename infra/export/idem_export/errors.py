class ExportError(Exception):
    """The input cannot become a bundle; the message says which file or value and why."""
