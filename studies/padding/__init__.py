"""Whether wrong answers pass a reader's vote more often when something is written round them."""
