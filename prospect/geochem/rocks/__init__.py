"""What contents say of rocks: indices, enrichment, diagrams."""
