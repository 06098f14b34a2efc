"""What happens without a person: rules, follow-ups, their limits and switches."""
