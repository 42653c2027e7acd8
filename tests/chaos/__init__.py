"""Chaos: a steady load of mixed programs, faults meanwhile, and an exact count afterwards.

    python -m tests.chaos --executions 1000 --faults 40 --seed 1

The seed decides the plan: the same seed has the same programs and faults in the same order. A fault
begins when so many programs have been accepted, so a slow machine changes nothing about the plan.
docs/chaos.md describes what is injected and what is counted.
"""
