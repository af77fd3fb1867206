SELECT max(position) FROM entry;
