"""The report for other programs: JSON, CSV and Parquet for data frames, LaTeX for papers."""
