"""The files of the desk's page."""
