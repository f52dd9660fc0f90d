"""Any SUMO junction under our controllers: its net read, its traffic run, its lamps in the hands of the signal core."""
