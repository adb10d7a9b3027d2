"""Drives one car along route after route with a planner and two PID controllers of its own.

A program as a user of CARLA would write it: the graph of the map's topology, Dijkstra's shortest path, a controller for
speed and one for the wheel, red lights and cars ahead respected.

    python route_agent.py --port 2000 --town Town03 --ticks 2000

Prints one line of JSON: routes driven, distance, and how far from the lane's middle.
"""

from __future__ import annotations

import argparse
import collections
import heapq
import json
import math
import random
import sys

import carla

DELTA_S = 0.05
STEP_M = 2.0
REACHED_M = 4.0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--town", default="Town01")
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--speed", type=float, default=30.0, help="km/h")
    parser.add_argument("--seed", type=int, default=3)
    return parser.parse_args()


class Planner:
    """Shortest ways over the map's topology, from where a lane begins to where one ends."""

    def __init__(self, town):
        self.town = town
        self.leaving = collections.defaultdict(list)
        for entry, leave in town.get_topology():
            self.leaving[self.key(entry)].append((entry, leave))

    @staticmethod
    def key(waypoint):
        here = waypoint.transform.location
        return round(here.x), round(here.y), round(here.z)

    def along(self, entry, leave):
        """Waypoints of one lane from ``entry`` to ``leave``."""
        way, here = [entry], entry
        for _ in range(2000):
            if here.transform.location.distance(leave.transform.location) <= STEP_M:
                break
            following = [w for w in here.next(STEP_M) if (w.road_id, w.lane_id) == (entry.road_id, entry.lane_id)]
            if not following:
                break
            here = following[0]
            way.append(here)
        return [*way, leave]

    def ahead(self, start):
        """From a place inside a lane to that lane's end."""
        rest = start.next_until_lane_end(STEP_M)
        return [start, *rest], rest[-1] if rest else start

    def route(self, start, goal):
        """Waypoints from ``start`` to the end of the lane of ``goal``, or None."""
        way, end = self.ahead(start)
        first = [w for w in end.next(0.5) or end.next(STEP_M)]
        goal_lane = (goal.road_id, goal.section_id, goal.lane_id)
        best = {}
        counter = 0
        heap = []
        for entry in first:
            heapq.heappush(heap, (0.0, counter, self.key(entry), None))
            counter += 1
        came = {}
        while heap:
            cost, _, key, edge = heapq.heappop(heap)
            if key in best:
                continue
            best[key], came[key] = cost, edge
            for entry, leave in self.leaving.get(key, self.near(key)):
                if (entry.road_id, entry.section_id, entry.lane_id) == goal_lane:
                    return way + self.unwind(came, key) + self.along(entry, leave)
                length = entry.transform.location.distance(leave.transform.location)
                heapq.heappush(heap, (cost + length, counter, self.key(leave), (key, entry, leave)))
                counter += 1
        return None

    def near(self, key):
        """Lanes that begin within a metre or two: keys are rounded."""
        return [
            edge
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for dz in (-1, 0, 1)
            for edge in self.leaving.get((key[0] + dx, key[1] + dy, key[2] + dz), [])
        ]

    def unwind(self, came, key):
        edges = []
        while came.get(key) is not None:
            key, entry, leave = came[key]
            edges.append((entry, leave))
        return [w for entry, leave in reversed(edges) for w in self.along(entry, leave)]


class Pid:
    def __init__(self, kp, ki, kd):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.errors = collections.deque(maxlen=10)

    def step(self, error):
        self.errors.append(error)
        change = (self.errors[-1] - self.errors[-2]) / DELTA_S if len(self.errors) > 1 else 0.0
        total = sum(self.errors) * DELTA_S
        return max(-1.0, min(1.0, self.kp * error + self.kd * change + self.ki * total))


class Agent:
    """Follows waypoints as CARLA's own basic agent does."""

    def __init__(self, car, route, speed):
        self.car, self.route, self.speed = car, collections.deque(route), speed
        self.throttle, self.wheel = Pid(1.0, 0.05, 0.0), Pid(1.95, 0.05, 0.2)

    def is_done(self):
        return not self.route

    def control(self):
        pose, speed = self.car.get_transform(), 3.6 * self.car.get_velocity().length()
        reach = REACHED_M if len(self.route) < 2 else max(3.0, 0.12 * speed + 2.0)
        while self.route and pose.location.distance(self.route[0].transform.location) < reach:
            self.route.popleft()
        if not self.route:
            return carla.VehicleControl(brake=1.0)
        there = self.route[0].transform.location - pose.location
        forward = pose.get_forward_vector()
        angle = math.atan2(forward.x * there.y - forward.y * there.x, forward.x * there.x + forward.y * there.y)
        wanted = min(self.speed, self.car.get_speed_limit())
        if abs(angle) > 0.25:
            wanted = min(wanted, 18.0)
        if self.car.is_at_traffic_light() and self.car.get_traffic_light_state() == carla.TrafficLightState.Red:
            wanted = 0.0
        push = self.throttle.step((wanted - speed) / 10.0) if wanted else -1.0
        control = carla.VehicleControl(steer=0.8 * self.wheel.step(angle))
        if push >= 0.0:
            control.throttle = min(0.75, push)
        else:
            control.brake = min(1.0, -push)
        return control


def main() -> int:
    args = parse()
    rng = random.Random(args.seed)
    client = carla.Client(args.host, args.port, worker_threads=8)
    client.set_timeout(60.0)
    world = client.load_world(args.town)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    town = world.get_map()
    planner, points = Planner(town), town.get_spawn_points()
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    blueprint.set_attribute("role_name", "hero")
    car = None
    try:
        car = world.spawn_actor(blueprint, rng.choice(points))
        for _ in range(20):
            world.tick()
        agent, planned, finished, metres, worst = None, 0, 0, 0.0, 0.0
        last, standing = car.get_location(), 0
        for _ in range(args.ticks):
            if agent is None or agent.is_done():
                finished += agent is not None
                route = None
                for _ in range(20):
                    goal = town.get_waypoint(rng.choice(points).location)
                    route = planner.route(town.get_waypoint(car.get_location()), goal)
                    if route is not None and len(route) > 20:
                        break
                if route is None:
                    raise SystemExit("no route was found from here to any of twenty places")
                planned += 1
                agent = Agent(car, route, args.speed)
            car.apply_control(agent.control())
            world.tick()
            here = car.get_location()
            metres += here.distance(last)
            standing = standing + 1 if here.distance(last) < 0.01 else 0
            last = here
            lane = town.get_waypoint(here)
            worst = max(worst, lane.transform.location.distance(here) if not lane.is_junction else 0.0)
            if standing > 1200:
                break
        summary = {
            "town": town.name.split("/")[-1],
            "routes_planned": planned,
            "routes_finished": finished,
            "metres": metres,
            "worst_m": worst,
            "standing_ticks": standing,
        }
        print(json.dumps(summary), flush=True)
    finally:
        if car is not None:
            car.destroy()
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
