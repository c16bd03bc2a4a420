"""Views of a run's master record: every page and file is made from `report.json`, none is parsed back."""
