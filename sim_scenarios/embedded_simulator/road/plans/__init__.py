"""The street plans, by CARLA's names for the towns; the layouts are our own."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.road.plan import TownPlan
from sim_scenarios.embedded_simulator.road.plans.town01 import TOWN01
from sim_scenarios.embedded_simulator.road.plans.town02 import TOWN02
from sim_scenarios.embedded_simulator.road.plans.town03 import TOWN03
from sim_scenarios.embedded_simulator.road.plans.town04 import TOWN04
from sim_scenarios.embedded_simulator.road.plans.town05 import TOWN05
from sim_scenarios.embedded_simulator.road.plans.town10hd import TOWN10HD

PLANS: dict[str, TownPlan] = {plan.name: plan for plan in (TOWN01, TOWN02, TOWN03, TOWN04, TOWN05, TOWN10HD)}
