def total(counts)
  counts.values.sum
end
