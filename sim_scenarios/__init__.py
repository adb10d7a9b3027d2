"""What happens in a town: scenarios, cameras and weathers as data, and the embedded simulator to run them on."""
