"""Dropout methods: one method, one file; the file of the same name in conf/dropout/ makes it known."""
