"""Recording what happens in a world into a file of the server's scratch folder, and playing such a file back."""
