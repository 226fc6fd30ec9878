"""Control samples: reference materials, blanks, duplicates, and the verdict."""
