"""Many runs and what they tell together: comparisons, their statistics, newcomers."""
