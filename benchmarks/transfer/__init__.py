"""What pretraining adds to fine-tuning: arms of pretraining, scored on real tasks with several seeds."""
