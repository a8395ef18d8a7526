//! Clocks, pauses, extensions and lamps.
