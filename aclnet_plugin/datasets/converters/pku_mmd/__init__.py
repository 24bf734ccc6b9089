"""The long videos of PKU-MMD and their labels."""
