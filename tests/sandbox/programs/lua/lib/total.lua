return function(counts)
  local sum = 0
  for _, count in pairs(counts) do
    sum = sum + count
  end
  return sum
end
