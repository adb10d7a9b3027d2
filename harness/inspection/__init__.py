"""What a recording holds: counted, measured, drawn and described."""
