-- Takes a permit to send a callback. Returns 1 if one was left, otherwise 0.
-- KEYS: the permits that are held, scored by when they expire
-- ARGV: at once, per owner, per host, seconds, token, owner, host
-- A permit is its token, owner and host, separated by line breaks, of which they have none.
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZRANGE', KEYS[1], 0, -1)
local of_owner, of_host = 0, 0
for _, permit in ipairs(held) do
  local owner, host = string.match(permit, '^[^\n]*\n([^\n]*)\n(.*)$')
  if owner == ARGV[6] then of_owner = of_owner + 1 end
  if host == ARGV[7] then of_host = of_host + 1 end
end
if #held >= tonumber(ARGV[1]) or of_owner >= tonumber(ARGV[2]) or of_host >= tonumber(ARGV[3]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[4], table.concat({ARGV[5], ARGV[6], ARGV[7]}, '\n'))
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[4] * 1000))
return 1
