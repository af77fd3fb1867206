SELECT cluster, era, position, hash, snapshot FROM base;
