"""The AVR firmware as machine code in simavr: a chip, the cabinet around it, and its host."""
