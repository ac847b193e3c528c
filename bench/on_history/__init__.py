"""What the planner would have saved on series of past years, with the forecasts there really were.

Promises: whole numbers are summed, so that another finds the same digits; what is charged is what
came; nothing is drawn but what says so, and that from a seed.
"""
