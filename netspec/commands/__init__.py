"""The commands, one file each: they parse, call and print. All work is done elsewhere."""
