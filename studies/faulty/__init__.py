"""What may go wrong around a run, done to real ones: signals, disks, folders, locks, clocks, damages."""
