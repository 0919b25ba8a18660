"""What a lesson needs beside a Playground: source to read, predictions to check, exercises."""
