SELECT max(position) FROM tidelog_entry WHERE log = $1;
