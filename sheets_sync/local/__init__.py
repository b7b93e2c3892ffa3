"""A local Google Sheets: the v4 REST protocol, the little of Drive that we use, and OAuth for a service account."""
