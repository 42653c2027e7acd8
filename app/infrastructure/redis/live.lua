-- Adds frames to the stream of one pod. An entry's id is its frame's sequence number, which shows
-- whether a frame was added before. `end` counts all bytes up to the end of that frame. The oldest
-- entries are removed while those after them contain more than max_bytes.
--
-- KEYS: the stream. ARGV: max_bytes expire_seconds (sequence stream offset content size)...

local frames = KEYS[1]
local max_bytes, expire_seconds = tonumber(ARGV[1]), ARGV[2]

local function ending(entry)
  return tonumber(entry[2][8])
end

local last = redis.call('XREVRANGE', frames, '+', '-', 'COUNT', 1)[1]
local newest = last and tonumber(string.match(last[1], '^%d+')) or 0
local bytes = last and ending(last) or 0

for i = 3, #ARGV, 5 do
  local sequence, stream, offset, content, size = unpack(ARGV, i, i + 4)
  if tonumber(sequence) > newest then
    newest = tonumber(sequence)
    bytes = bytes + tonumber(size)
    redis.call('XADD', frames, sequence .. '-0', 'stream', stream, 'offset', offset,
      'content', content, 'end', bytes)
  end
end

local first = redis.call('XRANGE', frames, '-', '+', 'COUNT', 1)[1]
while first and bytes - ending(first) > max_bytes do
  redis.call('XDEL', frames, first[1])
  first = redis.call('XRANGE', frames, '-', '+', 'COUNT', 1)[1]
end
redis.call('EXPIRE', frames, expire_seconds)
