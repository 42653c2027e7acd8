-- Keeps a session, and ends the oldest of its group beyond the maximum.
-- KEYS: the session; its group, a sorted set of keys of sessions, scored by when they expire
-- ARGV: the session's content, its milliseconds, the maximum
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[2], KEYS[1])
local too_many = redis.call('ZCARD', KEYS[2]) - ARGV[3]
if too_many > 0 then
  for _, oldest in ipairs(redis.call('ZRANGE', KEYS[2], 0, too_many - 1)) do
    redis.call('DEL', oldest)
    redis.call('ZREM', KEYS[2], oldest)
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return too_many
