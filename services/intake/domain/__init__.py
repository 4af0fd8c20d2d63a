"""What intake decides: valid, new, waiting or refused; values and `now` in, values out."""
