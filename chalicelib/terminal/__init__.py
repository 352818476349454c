"""The command's words and pictures: arguments in, tables out. No decisions."""
