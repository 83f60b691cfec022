"""What all tasks share in the report: context, charts, templates."""
