"""How much may be asked of a provider now."""
