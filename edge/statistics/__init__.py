"""What a junction's own numbers say: charts, novelty, neighbours, and an alarm that does not cry wolf."""
