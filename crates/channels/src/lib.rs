//! Channel connectors: build, sign, parse, verify and map, without IO; and the HTTP sender.
