SELECT cluster, era, position, hash, snapshot FROM tidelog_base WHERE log = $1;
