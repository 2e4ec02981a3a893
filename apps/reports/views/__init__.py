"""Pages that show what other apps wrote: parse, call one function, answer."""
