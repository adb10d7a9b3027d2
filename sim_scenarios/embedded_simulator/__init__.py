"""A stand-in for the CARLA 0.9.16 server, for machines that have no CARLA.

Delete this folder and everything else still runs against a real CARLA: nothing outside imports it. It is started
as a child process (``python -m sim_scenarios.embedded_simulator``) and reached over TCP by the official client.
"""
