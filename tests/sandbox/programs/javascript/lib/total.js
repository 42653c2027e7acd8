exports.total = (counts) => [...counts.values()].reduce((sum, count) => sum + count, 0)
