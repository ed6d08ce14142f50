"""Programs for whoever works on foureyes: pictures for the documentation, shipped calibrations, servers for tests."""
