"""Tables as CSV, made into rows of the interchange document. Pure: bytes in, plain values out."""
