//! An HTTP server that may be left open.
