"""What measuring costs: brizna beside its peers, each in an environment of its own, in one run.

Promises: every figure is processor time of a child process, sampled in rounds that visit all tools
in turn, so that what else the machine does falls on all of them alike. A tool that lacks a feature,
cannot be installed or fails has a reason in its cell. Refuses absolute wall times.
"""
