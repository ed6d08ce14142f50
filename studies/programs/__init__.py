"""Programs written here by two small models, run, and read: cascades, calibration, and the choice among samples."""
