"""The cohort trainer: runs of one structure, trained together along a lane axis. The only place that says "lane"."""
