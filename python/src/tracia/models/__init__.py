"""The values of the API, as pydantic models. Import them from `tracia`."""
