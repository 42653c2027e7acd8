-- Counts words: arguments, environment, stdin, a second file, text and bytes.
local total = require("lib.total")

local function count_words(text)
  -- In order of their first appearance.
  local words, counts = {}, {}
  for word in text:gmatch("%S+") do
    if not counts[word] then
      table.insert(words, word)
    end
    counts[word] = (counts[word] or 0) + 1
  end
  return words, counts
end

local function main(given)
  if given[1] == "fail" then
    print("before")
    error("failed as asked")
  end
  for _, argument in ipairs(given) do
    print("[" .. argument .. "]")
  end
  print(os.getenv("WORD"))
  local words, counts = count_words(io.read("a"))
  for _, word in ipairs(words) do
    print(counts[word] .. " " .. word)
  end
  print("total " .. total(counts))
  for byte = 0, 255 do
    io.stderr:write(string.char(byte))
  end
end

main(arg)
