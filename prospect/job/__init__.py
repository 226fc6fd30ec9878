"""The steps of `prospect.run_district`, one file a stage of the job."""
