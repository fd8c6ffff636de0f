"""Taking a source: whatever the user names becomes files in a fresh repository of one commit."""
