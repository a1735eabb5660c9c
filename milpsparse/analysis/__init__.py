"""From stored rows to frames, measures, tables and figures."""
