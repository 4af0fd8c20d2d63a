"""Cases of regulatory clocks as data, and a runner that scores any command line by them."""
