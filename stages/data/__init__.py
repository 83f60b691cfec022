"""Sources, archives, tables, texts and expectations: what every task's data go through."""
