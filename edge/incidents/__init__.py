"""What happens on the street: rules on tracks, and their fusion into one incident per happening."""
