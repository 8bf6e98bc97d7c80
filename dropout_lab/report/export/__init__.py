"""The report for other programs: for machines (JSON), for data frames (CSV, Parquet), for papers (LaTeX)."""
