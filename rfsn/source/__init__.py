"""Taking a source: whatever the user names becomes a fresh repository of one commit."""
